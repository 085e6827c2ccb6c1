import { Tooltip } from '@mantine/core';
import { useI18n, type Plain } from '~/i18n';
import { useLive } from '~/live/LiveProvider';
import type { Connection } from '~/live/feed';
import type { Tone } from '~/parts/vocabulary';
import classes from './Shell.module.css';

const WORD: Record<Connection, { word: Plain; tone: Tone }> = {
  live: { word: 'live.live', tone: 'ok' },
  polling: { word: 'live.live', tone: 'ok' },
  connecting: { word: 'live.connecting', tone: 'busy' },
  away: { word: 'live.away', tone: 'bad' },
};

/** Whether the page follows what happens; a press stops and resumes it. */
export function LiveToggle() {
  const { t } = useI18n();
  const { connection, paused, waiting, pause } = useLive();
  const { word, tone } = paused ? { word: 'live.paused' as const, tone: 'wait' as const } : WORD[connection];
  const hint = paused ? t('live.resume') : t('live.pause');
  return (
    <Tooltip label={hint}>
      <button
        type="button"
        className={classes.live}
        data-on={paused ? undefined : ''}
        aria-pressed={!paused}
        aria-label={`${t(word)}. ${hint}`}
        onClick={() => pause(!paused)}
      >
        <span className={`${classes.dot} tone-${tone}`} />
        <span className="num">
          {t(word)}
          {paused && waiting > 0 ? ` · ${t('live.waiting', { n: waiting })}` : ''}
        </span>
      </button>
    </Tooltip>
  );
}
