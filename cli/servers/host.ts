/** Whether it is a host, as `ssh` takes it, that is no option of it. */
export const isHost = (text: string): boolean => /^[^-\s]\S*$/.test(text);
