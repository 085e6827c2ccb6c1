import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useI18n } from '~/i18n';
import { download } from '~/parts/csv';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { Choose } from './Choose';
import { failedFile } from './outcome';
import { Rows } from './Rows';
import { UndoDialog } from './UndoDialog';
import { isStuck, tally, type Row } from './plan';
import { theImport, useImport, type ImportState, type Plan } from './store';
import classes from './Imports.module.css';

/** A file in four steps: choose, compare, change, and take back if it was the wrong one. */
export function Imports() {
  const { t } = useI18n();
  const client = useQueryClient();
  const state = useImport();
  const { step, plan, progress, problem } = state;
  const [undoing, setUndoing] = useState(false);

  const refresh = () => {
    void client.invalidateQueries({ queryKey: ['stock'] });
    void client.invalidateQueries({ queryKey: ['skus'] });
  };
  // Whoever has gone on to another page is told there.
  const tell = () => {
    if (!theImport.watched()) notifications.show({ title: t('imports.title'), message: told(t, theImport.get()), autoClose: 12_000 });
  };
  const run = ({ name }: Plan) => theImport.run((row: Row) => t('imports.note', { name, row: String(row.line) }), refresh).then(tell);
  const undo = ({ name }: Plan) => {
    setUndoing(false);
    return theImport.undo(t('imports.undo.note', { name }), refresh).then(tell);
  };

  const counts = plan && tally(plan.rows);
  return (
    <Page
      title={t('imports.title')}
      filled={Boolean(plan)}
      curl="/v1/stock"
      verdict={<ImportVerdict state={state} />}
      actions={
        plan &&
        counts && (
          <>
            {step === 'planned' && (
              <Button size="xs" h={32} disabled={counts.change === 0} onClick={() => void run(plan)}>
                {t('imports.run', { n: counts.change })}
              </Button>
            )}
            {step !== 'running' && counts.done > 0 && plan.kind !== 'skus' && (
              <Button size="xs" h={32} variant="default" onClick={() => setUndoing(true)}>
                {t('imports.undo')}
              </Button>
            )}
            {counts.wrong + counts.failed > 0 && (
              <Button size="xs" h={32} variant="default" onClick={() => download(`failed-${plan.name}`, failedFile(t, plan))}>
                {t('imports.failed.file')}
              </Button>
            )}
            <Button
              size="xs"
              h={32}
              variant="default"
              disabled={step === 'running'}
              onClick={() => theImport.clear()}
            >
              {t('imports.again')}
            </Button>
          </>
        )
      }
    >
      {problem !== undefined && <ProblemNote error={problem} />}
      {(step === 'reading' || step === 'running') && (
        <progress className={classes.progress} value={progress.done} max={Math.max(1, progress.all)} aria-label={t('imports.title')} />
      )}
      {!plan && (
        <Panel>
          <Choose busy={step === 'reading'} onCompare={(chosen) => void theImport.compare(chosen)} />
        </Panel>
      )}
      {plan && <Rows rows={plan.rows} kind={plan.kind} />}
      {undoing && plan && counts && (
        <UndoDialog n={counts.done} onClose={() => setUndoing(false)} onUndo={() => void undo(plan)} />
      )}
    </Page>
  );
}

function ImportVerdict({ state }: { state: ImportState }) {
  const { t } = useI18n();
  const { step, plan } = state;
  if (step === 'reading') return <Verdict tone="busy">{t('imports.verdict.reading', state.progress)}</Verdict>;
  if (!plan) return <Verdict tone="off">{t('imports.verdict.start')}</Verdict>;
  const counts = tally(plan.rows);
  if (step !== 'planned' || counts.done + counts.undone + counts.failed > 0) {
    const tone = step === 'running' ? 'busy' : counts.failed > 0 || stuck(plan) > 0 || step === 'planned' ? 'wait' : 'ok';
    return <Verdict tone={tone}>{told(t, state)}</Verdict>;
  }
  const { change, same, wrong } = counts;
  const rows = t('imports.verdict.rows', { n: counts.all });
  return <Verdict tone={wrong > 0 ? 'wait' : 'busy'}>{t('imports.verdict.plan', { rows, change, same, wrong })}</Verdict>;
}

const stuck = ({ rows }: Plan) => rows.filter(isStuck).length;

/** What became of it so far, in words. */
function told(t: ReturnType<typeof useI18n>['t'], { step, way, plan, progress }: ImportState): string {
  if (!plan) return t('imports.verdict.start');
  const counts = tally(plan.rows);
  if (step === 'running' && way === 'back') return t('imports.verdict.undoing', progress);
  if (counts.undone > 0 || stuck(plan) > 0) {
    const left = stuck(plan) > 0 ? ` ${t('imports.verdict.stuck', { n: stuck(plan) })}` : '';
    return t('imports.verdict.undone', { n: counts.undone }) + left;
  }
  return t('imports.verdict.done', { done: counts.done, all: counts.done + counts.failed + counts.change, failed: counts.failed });
}
