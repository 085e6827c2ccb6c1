import { Fragment, createContext, use, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { filled, formOf, parts, type Dictionary, type Key, type Values } from './dictionary';
import { en } from './en';
import { useFormatFor, type Format } from './format';
import { LANGUAGES, LOAD, LOCALE, preferred, type Language } from './languages';
import { storeZone, storedZone } from './zone';

export type { Key, Plain } from './dictionary';

type T = <K extends Key>(key: K, ...values: Values<K, string | number>) => string;
type Rich = <K extends Key>(key: K, ...values: Values<K, ReactNode>) => ReactNode;

interface I18n {
  language: Language;
  setLanguage: (language: Language) => void;
  /** The time zone that was chosen; undefined for the browser's own. */
  zone: string | undefined;
  setZone: (zone: string | undefined) => void;
  /** A text. */
  t: T;
  /** A text with links or figures inside. */
  rich: Rich;
  f: Format;
}

const Context = createContext<I18n | null>(null);
const STORED = 'onhand-language';

const loading = new Map<Language, Promise<Dictionary>>();
const english = Promise.resolve<Dictionary>(en);
function dictionaryOf(language: Language): Promise<Dictionary> {
  if (language === 'en') return english;
  let promise = loading.get(language);
  if (!promise) {
    promise = LOAD[language]().catch(() => en);
    loading.set(language, promise);
  }
  return promise;
}

function initial(): Language {
  const stored = localStorage.getItem(STORED);
  return stored && stored in LANGUAGES ? (stored as Language) : preferred(navigator.languages);
}

/** Suspends while a language that is not English is fetched. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setState] = useState(initial);
  const dictionary = language === 'en' ? en : use(dictionaryOf(language));
  const [zone, setZone] = useState(storedZone);
  const f = useFormatFor(language, zone);

  useEffect(() => {
    document.documentElement.lang = LOCALE[language].split('-u-')[0] ?? language;
  }, [language]);

  const value = useMemo<I18n>(() => {
    const rules = new Intl.PluralRules(LOCALE[language]);
    const text = (key: Key, n: unknown) => formOf(dictionary[key], n, rules);
    return {
      language,
      f,
      setLanguage: (next) => {
        localStorage.setItem(STORED, next);
        void dictionaryOf(next).then(() => setState(next));
      },
      zone,
      setZone: (next) => {
        storeZone(next);
        setZone(next);
      },
      t: (key, ...[values]) => filled(text(key, (values as { n?: unknown } | undefined)?.n), values ?? {}, f.number),
      rich: (key, ...[values]) => {
        const given = (values ?? {}) as Record<string, ReactNode>;
        return parts(text(key, given.n)).map((part, place) => {
          if (place % 2 === 0) return part;
          const shown = given[part];
          return <Fragment key={place}>{typeof shown === 'number' ? f.number(shown) : shown}</Fragment>;
        });
      },
    };
  }, [language, dictionary, f, zone]);

  return <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = useContext(Context);
  if (!value) throw new Error('outside of I18nProvider');
  return value;
}
