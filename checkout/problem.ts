/** Why a command can't work in this checkout as things are, and what to do: all that its user is shown. */
export class CheckoutProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CheckoutProblem";
  }
}
