import { notifications } from '@mantine/notifications';
import { toProblem } from '~/api/problem';
import type { useI18n } from '~/i18n';
import { problemTexts } from './problemTexts';
import { ServerWords } from './ServerWords';

/** Tells beside the page what went wrong: for a button in a row, which has no form to say it in. */
export function tellProblem(t: ReturnType<typeof useI18n>['t'], error: unknown): void {
  const { title, wrong, advice, detail } = problemTexts(t, toProblem(error));
  const message = (
    <>
      {[...wrong.map(({ words }) => words), advice].filter(Boolean).join(' ')}
      {detail && <ServerWords bare>{detail}</ServerWords>}
    </>
  );
  notifications.show({ color: 'red', title, message, autoClose: 12_000 });
}
