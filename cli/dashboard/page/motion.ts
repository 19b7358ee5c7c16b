import { useLayoutEffect, useRef } from "preact/hooks";

/** Milliseconds that a box takes to move. */
const duration = 700;

/**
 * Elements with an attribute `data-move` slide from their last position, and new ones fade in. They are identified by
 * the attribute's value, not by their element: a box may move from one list to another.
 */
export function useMotion<E extends HTMLElement>() {
  const container = useRef<E>(null);
  const places = useRef<ReadonlyMap<string, Place> | undefined>(undefined);
  useLayoutEffect(() => {
    const origin = container.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    const before = places.current;
    const now = new Map<string, Place>();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const element of container.current?.querySelectorAll<HTMLElement>("[data-move]") ?? []) {
      const { left, top } = element.getBoundingClientRect();
      const place = { left: left - origin.left, top: top - origin.top };
      const key = element.dataset["move"] ?? "";
      now.set(key, place);
      if (before !== undefined && !isCalm) {
        move(element, before.get(key), place);
      }
    }
    // A task that has ended leaves its place for a while before another takes it.
    places.current = new Map([...(before ?? []), ...now]);
  });
  return container;
}

interface Place {
  readonly left: number;
  readonly top: number;
}

function move(element: HTMLElement, from: Place | undefined, to: Place): void {
  if (from === undefined) {
    element.animate([{ opacity: 0, transform: "scale(0.6)" }, {}], { duration: duration / 2 });
    return;
  }
  const [across, down] = [from.left - to.left, from.top - to.top];
  if (Math.abs(across) + Math.abs(down) > 1) {
    const start = { transform: `translate(${across}px, ${down}px)` };
    element.animate([start, { transform: "none" }], { duration, easing: "cubic-bezier(0.2, 0.8, 0.2, 1)" });
  }
}
