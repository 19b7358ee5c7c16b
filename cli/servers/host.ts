/** Whether the text is a host for `ssh`, and not one of its options. */
export const isHost = (text: string): boolean => /^[^-\s]\S*$/.test(text);
