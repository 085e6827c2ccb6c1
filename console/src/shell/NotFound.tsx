import { Link } from '@tanstack/react-router';
import { useI18n } from '~/i18n';
import { Page } from '~/parts/Page';
import { Verdict } from '~/parts/Verdict';

export function NotFound() {
  const { t, rich } = useI18n();
  return (
    <Page
      title={t('not_found.title')}
      curl="/readyz"
      verdict={<Verdict tone="off">{rich('not_found.text', { overview: <Link to="/">{t('nav.overview')}</Link> })}</Verdict>}
    >
      {null}
    </Page>
  );
}
