import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { ServerWords } from './ServerWords';
import { wordOf } from './words';

/** How something failed, in the language of the person; below it the words of the server or the marketplace, which are not. */
export function FailureWords({ failure }: { failure: Pick<Schemas['FailureView'], 'class' | 'code' | 'message'> }) {
  const { t } = useI18n();
  return (
    <>
      <div>
        {wordOf(t, 'failure', failure.class)} <span className="mono soft">{failure.code}</span>
      </div>
      {failure.message && <ServerWords>{failure.message}</ServerWords>}
    </>
  );
}
