/** Why a command can't work in this checkout at present, with the remedy: everything that its user is shown. */
export class CheckoutProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CheckoutProblem";
  }
}
