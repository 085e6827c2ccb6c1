import { NumberInput, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { shops } from '~/api/queries';
import { useI18n, type Plain } from '~/i18n';
import { useShopNames } from './shopNames';
import classes from './RuleFields.module.css';

type Rule = Schemas['Rule'];
type Figure = 'buffer' | 'percent' | 'cap' | 'zero_at' | 'velocity_minutes' | 'velocity_most' | 'last_units';

interface Props {
  rule: Rule;
  onChange: (rule: Rule) => void;
  readOnly?: boolean;
  size?: 'xs' | 'sm';
  /** Without the two steps that few shops use. */
  few?: boolean;
}

/** The fields of a publish rule, in the order in which its steps apply. */
export function RuleFields({ rule, onChange, readOnly, size = 'sm', few }: Props) {
  const { t } = useI18n();
  const all = useQuery(shops());
  const names = useShopNames();
  const number = (name: Figure, label: Plain, empty: number | null, max?: number) => (
    <NumberInput
      size={size}
      label={t(label)}
      min={0}
      max={max}
      allowDecimal={false}
      readOnly={readOnly}
      value={rule[name] ?? ''}
      onChange={(value) => onChange(withFigure(rule, name, typeof value === 'number' ? value : empty))}
    />
  );
  return (
    <>
      <Select
        size={size}
        label={t('shop.settings.basis')}
        data={[
          { value: 'available', label: t('shop.settings.basis.available') },
          { value: 'master', label: t('shop.settings.basis.master') },
        ]}
        allowDeselect={false}
        readOnly={readOnly}
        value={rule.basis}
        onChange={(basis) => basis && onChange({ ...rule, basis: basis as Rule['basis'] })}
      />
      {!few && (
        <div className={classes.pair}>
          {number('last_units', 'shop.settings.last_units', null)}
          <Select
            size={size}
            label={t('shop.settings.last_units_shop')}
            clearable
            data={(all.data?.data ?? []).map((shop) => ({ value: String(shop.id), label: names.ofCode(shop.shop) }))}
            readOnly={readOnly}
            value={rule.last_units_shop ? String(rule.last_units_shop) : null}
            onChange={(id) => onChange({ ...rule, last_units_shop: id ? Number(id) : null })}
          />
        </div>
      )}
      {number('buffer', 'shop.settings.buffer', 0)}
      {!few && (
        <div className={classes.pair}>
          {number('velocity_minutes', 'shop.settings.velocity_minutes', null, 1_440)}
          {number('velocity_most', 'shop.settings.velocity_most', null)}
        </div>
      )}
      {number('percent', 'shop.settings.percent', 100, 100)}
      {number('zero_at', 'shop.settings.zero_at', 0)}
      {number('cap', 'shop.settings.cap', null)}
    </>
  );
}

/** The rule with one figure changed; an emptied field is left out of it, or is what means the same. */
export function withFigure(rule: Rule, name: Figure, value: number | null): Rule {
  return { ...rule, [name]: value };
}
