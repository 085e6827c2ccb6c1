import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { wordOf } from './words';
import classes from './RuleSteps.module.css';

/** How a rule makes of a figure what is told. */
export function RuleSteps({ steps }: { steps: readonly Schemas['PreviewStep'][] }) {
  const { t, f } = useI18n();
  return (
    <span className={`${classes.steps} num`}>
      {steps.map((step, place) => (
        <span key={place}>
          {place > 0 && '→ '}
          <span className="soft">{wordOf(t, 'rule', step.rule)}</span> <strong>{f.number(step.value)}</strong>
        </span>
      ))}
    </span>
  );
}
