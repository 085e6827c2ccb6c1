import { useI18n } from '~/i18n';

/** Words of the server or of a marketplace, which are not in the language of the person, marked as theirs. */
export function ServerWords({ children }: { children: string }) {
  const { t } = useI18n();
  return (
    <div className="soft" style={{ overflowWrap: 'anywhere' }}>
      {t('said.server')} <q>{children}</q>
    </div>
  );
}
