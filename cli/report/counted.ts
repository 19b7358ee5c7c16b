/** A number of things in words: `1 task`, `2 tasks`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;
