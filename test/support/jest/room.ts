import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Variable that says where {@link serveRoom} listens. */
const variable = "TESTS_ROOM_PORT";

/**
 * Shares the computer out to test files in the order in which they ask, for as long as each is connected; who asks for
 * more than is free waits, and so do those behind it.
 */
export async function serveRoom(size: number): Promise<void> {
  let free = size;
  const inside = new Map<Socket, number>();
  const waiting = new Map<Socket, number>();
  const letIn = (): void => {
    for (const [socket, share] of waiting) {
      if (share > free) {
        return;
      }
      waiting.delete(socket);
      inside.set(socket, share);
      free -= share;
      socket.write("in");
    }
  };
  const server = createServer((socket) => {
    socket.once("data", (data) => {
      waiting.set(socket, Number(data.toString()));
      letIn();
    });
    // A file that was killed is gone with its process.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      free += inside.get(socket) ?? 0;
      inside.delete(socket);
      waiting.delete(socket);
      letIn();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // Jest ends before its server does.
  server.unref();
  const address = server.address();
  process.env[variable] = typeof address === "object" && address !== null ? String(address.port) : "";
}

/** Waits until there is room for this share, and returns what gives it back. */
export async function takeRoom(share: number): Promise<() => void> {
  const socket = connect(Number(process.env[variable]), "127.0.0.1");
  socket.write(String(share));
  await once(socket, "data");
  return () => socket.destroy();
}
