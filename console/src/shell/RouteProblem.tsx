import type { ErrorComponentProps } from '@tanstack/react-router';
import { useI18n } from '~/i18n';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';

export function RouteProblem({ error, reset }: ErrorComponentProps) {
  const { t } = useI18n();
  return (
    <Page title={t('problem.title')} curl="/readyz">
      <ProblemNote error={error} onRetry={reset} />
    </Page>
  );
}
