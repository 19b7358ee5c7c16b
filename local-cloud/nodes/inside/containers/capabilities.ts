/** In the kernel's order. Source: capabilities(7). */
const names =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND".split(
    " ",
  );

/**
 * The capabilities that Docker leaves to a container. Source: Docker documentation, "Runtime privilege and Linux
 * capabilities".
 */
const standard =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(
    " ",
  );

/** Numbers of the capabilities that a container's programs may have. */
export function keptCapabilities(change: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}): readonly number[] {
  const start = change.add.includes("ALL") ? names : change.drop.includes("ALL") ? [] : standard;
  const kept = new Set([...start.filter((name) => !change.drop.includes(name)), ...change.add]);
  return names.flatMap((name, number) => (kept.has(name) ? [number] : []));
}
