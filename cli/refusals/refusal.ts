/** Why a command can't be carried out at present, with the remedy: everything that its user is shown. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refusal";
  }
}

/** The user doesn't want what was planned: nothing else is begun. */
export class Declined extends Refusal {}

/** Terraform couldn't be asked: nothing is known of what it would have told. */
export class Unanswered extends Refusal {}

/** Whether what went wrong with one stack says nothing of the others. */
export function isOfOneStack(error: unknown): error is Refusal {
  return error instanceof Refusal && !(error instanceof Declined);
}
