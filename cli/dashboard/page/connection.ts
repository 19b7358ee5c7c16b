import { useEffect, useState } from "preact/hooks";
import type { Told } from "../feed";

/** What the page knows, and whether more will come. */
export interface Known {
  readonly told: Told | undefined;
  /** Whether the command that serves this page answers. */
  readonly isConnected: boolean;
}

/** Whether the page shows how things were, since nobody tells how they are. */
export const isStale = ({ told, isConnected }: Known): boolean =>
  !isConnected || (told !== undefined && told.trouble !== null);

/** Follows the feed; the browser connects again by itself when it is lost. */
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
