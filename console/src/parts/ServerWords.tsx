import { useI18n } from '~/i18n';

interface Props {
  children: string;
  /** Who reads English needs not be told whose words they are. */
  bare?: boolean;
}

/** The same for a `title`, which can only be text. */
export const serverWords = (t: ReturnType<typeof useI18n>['t'], words: string): string => `${t('said.server')} “${words}”`;

/** Words of the server or of a marketplace, which are not in the language of the person, marked as theirs. */
export function ServerWords({ children, bare }: Props) {
  const { t, language } = useI18n();
  if (bare && language === 'en') return <div>{children}</div>;
  return (
    <div className="soft" style={{ overflowWrap: 'anywhere' }}>
      {t('said.server')} <q>{children}</q>
    </div>
  );
}
