// Numbers, money and times by locale.

import { useMemo } from 'react';
import { LOCALE, type Language } from './languages';

export interface Format {
  /** A count, with the locale's grouping. */
  number: (value: number) => string;
  /** A difference, always with its sign. */
  signed: (value: number) => string;
  percent: (share: number) => string;
  /** Minor units and an ISO 4217 code. */
  money: (minor: number, currency: string) => string;
  /** A day and a time to the minute. */
  dateTime: (at: string | number) => string;
  /** A time of day to the second. */
  time: (at: string | number) => string;
  /** Everything, to the millisecond: for titles. */
  exact: (at: string | number) => string;
  /** "3 min ago", "in 12 s". */
  relative: (at: string | number, now: number) => string;
  /** Milliseconds as people read them: 9 ms, 1.2 s, 3 min. */
  duration: (ms: number) => string;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function formatFor(language: Language, timeZone?: string): Format {
  const locale = LOCALE[language];
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const signed = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const dateTime = new Intl.DateTimeFormat(locale, {
    day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone,
  });
  const time = new Intl.DateTimeFormat(locale, {
    hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone,
  });
  const exact = new Intl.DateTimeFormat(locale, {
    year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
    fractionalSecondDigits: 3, hourCycle: 'h23', timeZoneName: 'short', timeZone,
  });
  const relative = new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'auto' });
  const unit = (name: string, digits = 0) =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: digits });
  // Vietnamese and Thai have no short form of milliseconds, and their word is longer than the places where a span stands.
  const ms = language === 'vi' || language === 'th' ? { format: (value: number) => `${number.format(value)} ms` } : unit('millisecond');
  const [s1, s, min, h, d] = [
    unit('second', 1), unit('second'), unit('minute'), unit('hour'), unit('day'),
  ];
  const at = (value: string | number) => new Date(value);
  return {
    number: number.format,
    signed: signed.format,
    percent: percent.format,
    money: (minor, currency) => {
      const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
      return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
    },
    dateTime: (value) => dateTime.format(at(value)),
    time: (value) => time.format(at(value)),
    exact: (value) => exact.format(at(value)),
    relative: (value, now) => {
      const ago = at(value).getTime() - now;
      const size = Math.abs(ago);
      if (size < MINUTE) return relative.format(Math.trunc(ago / SECOND), 'second');
      if (size < HOUR) return relative.format(Math.trunc(ago / MINUTE), 'minute');
      if (size < DAY) return relative.format(Math.trunc(ago / HOUR), 'hour');
      return relative.format(Math.trunc(ago / DAY), 'day');
    },
    duration: (value) => {
      if (value < SECOND) return ms.format(Math.round(value));
      if (value < 10 * SECOND) return s1.format(value / SECOND);
      if (value < MINUTE) return s.format(Math.round(value / SECOND));
      if (value < HOUR) return min.format(Math.round(value / MINUTE));
      return value < DAY ? h.format(Math.round(value / HOUR)) : d.format(Math.round(value / DAY));
    },
  };
}

export function useFormatFor(language: Language, zone: string | undefined): Format {
  return useMemo(() => formatFor(language, zone), [language, zone]);
}
