import { useState } from 'react';
import { useI18n, type Plain } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { useKey } from './keyboard';
import classes from './KeyHelp.module.css';

const KEYS: [string, Plain][] = [
  ['/', 'keys.search'],
  ['Ctrl K', 'keys.palette'],
  ['j  k', 'keys.move'],
  ['Enter', 'keys.open'],
  ['a', 'keys.adjust'],
  ['x', 'keys.choose'],
  ['p', 'keys.push'],
  ['r', 'keys.replay'],
  ['?', 'keys.help'],
];

export function KeyHelp() {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  useKey('?', () => setOpen(true));
  if (!open) return null;
  return (
    <Dialog onClose={() => setOpen(false)} title={t('keys.title')} size={380}>
      <dl className={classes.keys}>
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
