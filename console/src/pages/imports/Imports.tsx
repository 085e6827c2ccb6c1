import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { newKey } from '~/api/keys';
import { useI18n } from '~/i18n';
import { csv, download } from '~/parts/csv';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { Choose, type Chosen } from './Choose';
import { Rows } from './Rows';
import { UndoDialog } from './UndoDialog';
import { compared, readRows, tally, type Row } from './plan';
import { carryOut, lookUp, takeBack } from './run';
import classes from './Imports.module.css';

interface Plan {
  chosen: Chosen;
  rows: Row[];
  key: string;
}

type Step = 'choose' | 'reading' | 'planned' | 'running' | 'done';

/** A file in four steps: choose, compare, change, and take back if it was the wrong one. */
export function Imports() {
  const { t } = useI18n();
  const client = useQueryClient();
  const [step, setStep] = useState<Step>('choose');
  const [plan, setPlan] = useState<Plan>();
  const [progress, setProgress] = useState({ done: 0, all: 0 });
  const [problem, setProblem] = useState<unknown>();
  const [undoing, setUndoing] = useState(false);

  const attempt = async (during: Step, after: Step, back: Step, run: () => Promise<void>) => {
    setProblem(undefined);
    setStep(during);
    try {
      await run();
      setStep(after);
    } catch (error) {
      setProblem(error);
      setStep(back);
    }
  };

  const compare = (chosen: Chosen) =>
    attempt('reading', 'planned', 'choose', async () => {
      const rows = readRows(chosen.table, chosen.kind, chosen.columns, chosen.location);
      const skus = [...new Set(rows.filter((row) => row.state !== 'wrong').map((row) => row.sku))];
      setProgress({ done: 0, all: skus.length });
      const known = await lookUp(skus, (done) => setProgress({ done, all: skus.length }));
      setPlan({ chosen, rows: rows.map((row) => compared(row, chosen.kind, known.get(row.sku))), key: newKey() });
    });

  const merge = (ended: Row[]) => {
    const byLine = new Map(ended.map((row) => [row.line, row]));
    setPlan((before) => before && { ...before, rows: before.rows.map((row) => byLine.get(row.line) ?? row) });
    void client.invalidateQueries({ queryKey: ['stock'] });
    void client.invalidateQueries({ queryKey: ['skus'] });
  };

  const run = ({ chosen, rows, key }: Plan) => {
    const changing = rows.filter((row) => row.state === 'change');
    setProgress({ done: 0, all: changing.length });
    return attempt('running', 'done', 'planned', async () => {
      const note = (row: Row) => t('imports.note', { name: chosen.name, row: String(row.line) });
      merge(await carryOut(changing, chosen.kind, note, { key, progress: (done) => setProgress({ done, all: changing.length }) }));
    });
  };

  const undo = ({ chosen, rows, key }: Plan) => {
    const done = rows.filter((row) => row.state === 'done');
    setUndoing(false);
    setProgress({ done: 0, all: done.length });
    return attempt('running', 'done', 'done', async () => {
      const note = t('imports.undo.note', { name: chosen.name });
      merge(await takeBack(done, note, { key, progress: (count) => setProgress({ done: count, all: done.length }) }));
    });
  };

  const counts = plan && tally(plan.rows);
  return (
    <Page
      title={t('imports.title')}
      filled={Boolean(plan)}
      curl="/v1/stock"
      verdict={<ImportVerdict step={step} plan={plan} progress={progress} />}
      actions={
        plan &&
        counts && (
          <>
            {step === 'planned' && (
              <Button size="xs" h={32} disabled={counts.change === 0} onClick={() => void run(plan)}>
                {t('imports.run', { n: counts.change })}
              </Button>
            )}
            {step === 'done' && counts.done > 0 && plan.chosen.kind !== 'skus' && (
              <Button size="xs" h={32} variant="default" onClick={() => setUndoing(true)}>
                {t('imports.undo')}
              </Button>
            )}
            {counts.wrong + counts.failed > 0 && (
              <Button size="xs" h={32} variant="default" onClick={() => downloadFailed(plan)}>
                {t('imports.failed.file')}
              </Button>
            )}
            <Button
              size="xs"
              h={32}
              variant="default"
              disabled={step === 'running'}
              onClick={() => {
                setPlan(undefined);
                setStep('choose');
              }}
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
          <Choose busy={step === 'reading'} onCompare={(chosen) => void compare(chosen)} />
        </Panel>
      )}
      {plan && <Rows rows={plan.rows} kind={plan.chosen.kind} />}
      {undoing && plan && counts && (
        <UndoDialog n={counts.done} onClose={() => setUndoing(false)} onUndo={() => void undo(plan)} />
      )}
    </Page>
  );
}

function ImportVerdict({ step, plan, progress }: { step: Step; plan: Plan | undefined; progress: { done: number; all: number } }) {
  const { t } = useI18n();
  if (step === 'reading') return <Verdict tone="busy">{t('imports.verdict.reading', progress)}</Verdict>;
  if (!plan) return <Verdict tone="off">{t('imports.verdict.start')}</Verdict>;
  const counts = tally(plan.rows);
  if (step === 'done' || step === 'running') {
    const all = counts.done + counts.failed + counts.undone + counts.change;
    const tone = step === 'running' ? 'busy' : counts.failed > 0 ? 'wait' : 'ok';
    return (
      <Verdict tone={tone}>
        {counts.undone > 0
          ? t('imports.verdict.undone', { n: counts.undone })
          : t('imports.verdict.done', { done: step === 'running' ? progress.done : counts.done, all, failed: counts.failed })}
      </Verdict>
    );
  }
  const { change, same, wrong } = counts;
  const rows = t('imports.verdict.rows', { n: counts.all });
  return <Verdict tone={wrong > 0 ? 'wait' : 'busy'}>{t('imports.verdict.plan', { rows, change, same, wrong })}</Verdict>;
}

/** The rows that are not in, as they stood in the file, with the reason in a last column. */
function downloadFailed({ chosen, rows }: Plan) {
  const failed = rows.filter((row) => row.state === 'wrong' || row.state === 'failed');
  const reason = (row: Row) => row.failure ?? row.wrong?.word ?? '';
  download(`failed-${chosen.name}`, csv([...chosen.table.head, 'reason'], failed.map((row) => [...row.cells, reason(row)])));
}
