import { useEffect, useState } from "preact/hooks";
import type { Told } from "../feed";

/** The page's data, and whether more will come. */
export interface Known {
  readonly told: Told | undefined;
  /** Whether the command that serves this page answers. */
  readonly isConnected: boolean;
}

/** Whether the page shows an earlier state, since no newer one is known. */
export const isStale = ({ told, isConnected }: Known): boolean =>
  !isConnected || (told !== undefined && told.trouble !== null);

/** Follows the feed; the browser reconnects automatically when the connection is lost. */
export function useFeed(): Known {
  const [told, setTold] = useState<Told>();
  const [isConnected, setConnected] = useState(true);
  useEffect(() => {
    const source = new EventSource("events");
    source.onopen = () => {
      setConnected(true);
    };
    source.onerror = () => {
      setConnected(false);
    };
    source.onmessage = ({ data }: MessageEvent<string>) => {
      setTold(JSON.parse(data) as Told);
    };
    return () => {
      source.close();
    };
  }, []);
  return { told, isConnected };
}

/** The time, every second. */
export function useClock(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}
