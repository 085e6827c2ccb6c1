// In which time zone times are shown: the one that somebody has chosen in this browser, or the browser's own.

const STORED = 'onhand-zone';

/** Whether this browser knows it. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone !== '';
  } catch {
    return false;
  }
}

/** The chosen one; undefined for the browser's own. */
export function storedZone(): string | undefined {
  const stored = localStorage.getItem(STORED);
  return stored !== null && isZone(stored) ? stored : undefined;
}

export function storeZone(zone: string | undefined): void {
  if (zone === undefined) localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, zone);
}

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All that this browser knows, with UTC, which some of them leave out. */
export const allZones = (): string[] => [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])];

/** How far it is from UTC now: "GMT+8". */
export function offsetOf(zone: string, now: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(now);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
