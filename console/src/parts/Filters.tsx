import { SegmentedControl, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { SavedViews } from './SavedViews';
import classes from './Filters.module.css';

/** The row of fields above a table; what they say is in the URL, and can be kept under a name. */
export function Filters({ children, aside }: { children?: ReactNode; aside?: ReactNode }) {
  return (
    <div className={classes.filters}>
      <div className={classes.fields}>{children}</div>
      <div className={classes.aside}>
        {aside}
        <SavedViews />
      </div>
    </div>
  );
}

interface Choice<V extends string> {
  value: V;
  label: string;
}

interface ViewSwitchProps<V extends string> {
  label: string;
  /** The first one is what the page shows when its address says nothing. */
  views: readonly [Choice<V>, ...Choice<V>[]];
  value: V | undefined;
  onChange: (view: V) => void;
}

/** Which of a few lists the page shows. */
export function ViewSwitch<V extends string>({ label, views, value, onChange }: ViewSwitchProps<V>) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={label}
      value={value ?? views[0].value}
      onChange={(next) => onChange(next as V)}
      data={views.map((view) => ({ ...view }))}
    />
  );
}

interface FilterSelectProps {
  label: string;
  width: number;
  choices: readonly (string | Choice<string>)[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

/** One filter that is a choice, or none. */
export function FilterSelect({ label, width, choices, value, onChange }: FilterSelectProps) {
  const data = choices.map((choice) => (typeof choice === 'string' ? { value: choice, label: choice } : choice));
  // What the address asks for is seen, and can be cleared, also when it is none of them.
  if (value !== undefined && !data.some((choice) => choice.value === value)) data.push({ value, label: value });
  return (
    <Select
      size="xs"
      w={width}
      clearable
      placeholder={label}
      aria-label={label}
      data={data}
      value={value ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}
