import type { Socket } from "node:net";
import type { ForwardingRule } from "../state";
import type { KeyPair } from "./certificate-authority";
import type { Listener } from "./listener";
import { refusePort } from "./loopback-address";

/** The entry ports of a load balancer, each with a listener. */
export interface EntryPorts {
  /** Listens on the ports of these rules that aren't listened on, or on none of them. */
  open(where: Where, rules: readonly ForwardingRule[]): Promise<void>;
  /** Listens on the ports of these rules and on no others; those that stay get their rule's certificate. */
  change(where: Where, rules: readonly ForwardingRule[]): Promise<void>;
  /** Serves a client that didn't come through the address. */
  accept(port: number, connection: Socket, client: string): void;
  close(): Promise<void>;
}

/** The address of this computer that listeners listen on; undefined for none. */
type Where = string | undefined;

/** Creates the entry ports of a load balancer, none of which is open. */
export function createEntryPorts(
  createListener: (rule: ForwardingRule) => Listener,
  pairOf: (rule: ForwardingRule) => KeyPair | undefined,
): EntryPorts {
  const listeners = new Map<number, Listener>();

  const open: EntryPorts["open"] = async (host, rules) => {
    const opened = new Map<number, Listener>();
    try {
      for (const rule of rules.filter(({ entry_port: port }) => !listeners.has(port))) {
        const listener = createListener(rule);
        if (host !== undefined) {
          await listener.listen({ host, port: rule.entry_port });
        }
        opened.set(rule.entry_port, listener);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map((listener) => listener.close()));
      throw error;
    }
    opened.forEach((listener, port) => listeners.set(port, listener));
  };
  const closeWhere = async (isGone: (port: number, listener: Listener) => boolean): Promise<void> => {
    const gone = [...listeners].filter(([port, listener]) => isGone(port, listener));
    gone.forEach(([port]) => listeners.delete(port));
    await Promise.all(gone.map(([, listener]) => listener.close()));
  };

  return {
    open,
    change: async (host, rules) => {
      const ruleOf = (port: number) => rules.find(({ entry_port: entry }) => entry === port);
      // A port whose protocol changes must be free before it gets its new listener.
      await closeWhere((port, { protocol }) => (ruleOf(port)?.entry_protocol ?? protocol) !== protocol);
      await open(host, rules).catch(refusePort);
      for (const rule of rules) {
        listeners.get(rule.entry_port)?.present(pairOf(rule));
      }
      await closeWhere((port) => ruleOf(port) === undefined);
    },
    accept: (port, connection, client) => {
      const listener = listeners.get(port);
      if (listener === undefined) {
        connection.destroy();
      } else {
        listener.accept(connection, client);
      }
    },
    close: () => closeWhere(() => true),
  };
}
