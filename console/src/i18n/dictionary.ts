// Texts are typed from English: another language that lacks one, or a text that is used without its values, does not
// compile. A text is a string with {values}, or forms of it by number ({one, other}; `n` decides).

import type { en } from './en';

export type Plural = { one: string; other: string };
export type Key = keyof typeof en;

/** The same texts in another language. Languages without a plural give `other` alone. */
export type Translation<T> = { [K in keyof T]: T[K] extends string ? string : Partial<Plural> & { other: string } };

/** Loaded as one piece for each language. */
export type Dictionary = Translation<typeof en>;

type Named<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never;
type Text<K extends Key> = (typeof en)[K] extends { other: infer O } ? O : (typeof en)[K];

/** The values that a text needs. */
export type Values<K extends Key, V> =
  (typeof en)[K] extends Plural
    ? [values: { [N in Named<Text<K>>]: V } & { n: number }]
    : Named<Text<K>> extends never
      ? [values?: undefined]
      : [values: { [N in Named<Text<K>>]: V }];

/** Texts without values: those that data may name. */
export type Plain = {
  [K in Key]: (typeof en)[K] extends Plural ? never : Named<Text<K>> extends never ? K : never;
}[Key];

/** The form of a text for a number. */
export function formOf(text: string | (Partial<Plural> & { other: string }), n: unknown, rules: Intl.PluralRules): string {
  if (typeof text === 'string') return text;
  const form = typeof n === 'number' && rules.select(n) === 'one' ? text.one : undefined;
  return form ?? text.other;
}

/** Splits a text at its {values}: even members are text, odd ones names. */
export function parts(text: string): string[] {
  return text.split(/\{(\w+)\}/);
}

/** Puts the values in. */
export function filled(text: string, values: Record<string, string | number>, shown: (n: number) => string): string {
  return parts(text)
    .map((part, place) => {
      if (place % 2 === 0) return part;
      const value = values[part];
      return typeof value === 'number' ? shown(value) : (value ?? '');
    })
    .join('');
}
