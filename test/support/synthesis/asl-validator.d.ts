/** Has no types of its own. */
declare module "asl-validator" {
  /** Whether a state machine is written as the Amazon States Language wants it, and its expressions can be read. */
  export default function validate(definition: object): {
    readonly isValid: boolean;
    readonly errors: readonly object[];
  };
}
