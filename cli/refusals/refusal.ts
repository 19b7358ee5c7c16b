/** Why a command can't be carried out at present, with the remedy: everything that its user is shown. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refusal";
  }
}

/** The user declined the plans: nothing else is started. */
export class Declined extends Refusal {}

/** Terraform couldn't be asked, so its answer isn't known. */
export class Unanswered extends Refusal {}

/** Whether a problem with one stack says nothing about the others. */
export function isOfOneStack(error: unknown): error is Refusal {
  return error instanceof Refusal && !(error instanceof Declined);
}
