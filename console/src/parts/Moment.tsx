import { useSyncExternalStore } from 'react';
import { useI18n } from '~/i18n';

// One clock for the page, so that all "3 s ago" change together.
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
function subscribe(listener: () => void) {
  listeners.add(listener);
  if (!timer) now = Date.now();
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}
/** The time, to the second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** The time, to the minute: for what need not be drawn each second. */
export function useMinute(): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / 60_000) * 60_000);
}

/** How long ago or ahead a time is; the exact time as its title. */
export function Ago({ at }: { at: string | null | undefined }) {
  const { f } = useI18n();
  const current = useNow();
  if (!at) return <span className="soft">–</span>;
  return (
    <time dateTime={at} title={f.exact(at)} className="num">
      {f.relative(at, Math.max(current, 0))}
    </time>
  );
}

/** A time of day, or with its date. */
export function At({ at, date }: { at: string; date?: boolean }) {
  const { f } = useI18n();
  return (
    <time dateTime={at} title={f.exact(at)} className="num">
      {date ? f.dateTime(at) : f.time(at)}
    </time>
  );
}
