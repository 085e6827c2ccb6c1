import type { ErrorComponentProps } from '@tanstack/react-router';
import { toProblem } from '~/api/problem';
import { isReached } from '~/api/reach';
import { useI18n } from '~/i18n';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';

export function RouteProblem({ error, reset }: ErrorComponentProps) {
  const { t } = useI18n();
  // A page that did not come stays away until the console is loaded anew; without a server that would leave nothing to look at.
  const again = async () => {
    if (toProblem(error).code !== 'unreachable') reset();
    else if (await isReached()) window.location.reload();
  };
  return (
    <Page title={t('problem.title')} curl="/readyz">
      <ProblemNote error={error} onRetry={() => void again()} />
    </Page>
  );
}
