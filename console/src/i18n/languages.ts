import type { Dictionary } from './dictionary';

export const LANGUAGES = {
  en: 'English',
  ms: 'Bahasa Melayu',
  id: 'Bahasa Indonesia',
  th: 'ไทย',
  vi: 'Tiếng Việt',
  zh: '简体中文',
} as const;

export type Language = keyof typeof LANGUAGES;

/** For Intl and for the `lang` of the page. */
export const LOCALE: Record<Language, string> = {
  en: 'en-GB',
  ms: 'ms-MY',
  id: 'id-ID',
  th: 'th-TH-u-ca-gregory-nu-latn',
  vi: 'vi-VN',
  zh: 'zh-Hans-CN',
};

/** English is in the first load, because every other language is typed from it; the others are fetched when chosen. */
export const LOAD: Record<Exclude<Language, 'en'>, () => Promise<Dictionary>> = {
  ms: async () => (await import('./ms')).ms,
  id: async () => (await import('./id')).id,
  th: async () => (await import('./th')).th,
  vi: async () => (await import('./vi')).vi,
  zh: async () => (await import('./zh')).zh,
};

/** The first of the browser's languages that there is. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const [language] = tag.toLowerCase().split('-');
    if (language && language in LANGUAGES) return language as Language;
  }
  return 'en';
}
