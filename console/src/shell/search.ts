// Filters live in the URL, as plain parameters that people can read and change.

export type RawSearch = Record<string, string | undefined>;

export function parseSearch(search: string): RawSearch {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const plain = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '' || value === false) continue;
    plain.set(name, String(value));
  }
  const text = plain.toString();
  return text ? `?${text}` : '';
}

/** A parameter as text; undefined when it is missing or empty. */
export const text = (value: unknown): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : String(value);

/** A parameter as a whole number; undefined when it is none. */
export const whole = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
};

/** A parameter that is there or not. */
export const flag = (value: unknown): boolean | undefined => (value === true || value === 'true' ? true : undefined);

/** One of a list of words. */
export const oneOf =
  <W extends string>(...words: W[]) =>
  (value: unknown): W | undefined =>
    words.find((word) => word === value);

/** The parameters of a page: each is read by its own rule, and what does not fit, or the page does not know, is as good as missing. */
export const params =
  <S extends object>(readers: { [K in keyof S]: (value: unknown) => S[K] | undefined }) =>
  (search: Record<string, unknown>): Partial<S> => {
    const read: Partial<S> = {};
    for (const name of Object.keys(readers) as (keyof S & string)[]) read[name] = readers[name](search[name]);
    // The router would keep what is not named here, and the pages would ask the server for it.
    const unknown = Object.keys(search).filter((name) => !Object.hasOwn(readers, name));
    return { ...Object.fromEntries(unknown.map((name) => [name, undefined])), ...read };
  };
