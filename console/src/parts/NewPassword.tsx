import { PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { ProblemError } from '~/api/problem';
import { useI18n } from '~/i18n';

/** Characters that the server takes. */
export const LEAST = 12;
export const MOST = 256;

/** Counted as the server does. */
const lengthOf = (password: string) => [...password].length;

/** Whether the server takes a password of this length. */
export const isTaken = (password: string) => lengthOf(password) >= LEAST && lengthOf(password) <= MOST;

/** Whether the server said that a password is easy to guess, which `NewPassword` says at the field. */
export const isGuessable = (error: unknown): boolean =>
  error instanceof ProblemError && (error.problem.errors ?? []).some(({ code }) => code === 'weak_password');

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What the server said of the last one. */
  error: unknown;
  autoFocus?: boolean;
}

/** The field for a password that is to be set. One of a wrong length is told in words before its form is sent. */
export function NewPassword({ label, value, onChange, error, autoFocus }: Props) {
  const { t } = useI18n();
  const [left, setLeft] = useState(false);
  const misfit = value !== '' && !isTaken(value);
  const length = misfit && left && t('door.password.length', { least: LEAST, most: MOST, n: lengthOf(value) });
  const wrong = length || (isGuessable(error) && !misfit && <span role="alert">{t('door.password.weak')}</span>);
  return (
    <PasswordInput
      required
      autoFocus={autoFocus}
      autoComplete="new-password"
      // As a pattern it keeps the form from being sent, and counts characters as the server does, which minLength does not.
      pattern={`.{${LEAST},${MOST}}`}
      label={label}
      description={t('door.password.hint')}
      error={wrong}
      aria-invalid={wrong !== false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={() => setLeft(true)}
      onInvalid={(event) => {
        if (!misfit) return;
        // Instead of what the browser says, in its own language.
        event.preventDefault();
        event.currentTarget.focus();
        setLeft(true);
      }}
    />
  );
}
