import { signs, type State } from "./model/states";

/** A state as a coloured sign, and as a word for screen readers. */
export function Sign({ state }: { readonly state: State }) {
  const { sign, word } = signs[state];
  return (
    <span class={`sign ${state}`}>
      <span aria-hidden="true">{sign}</span>
      <span class="hidden">{word}</span>
    </span>
  );
}
