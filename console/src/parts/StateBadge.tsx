import { useI18n } from '~/i18n';
import { stateOf, type Shape, type Tone, type Topic } from './vocabulary';
import classes from './StateBadge.module.css';

const PATHS: Record<Shape, string> = {
  disc: 'M5 1a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z',
  half: 'M5 1a4 4 0 0 0 0 8V1Zm0 0a4 4 0 0 1 0 8',
  ring: 'M5 1.700a3.300 3.300 0 1 1 0 6.600 3.300 3.300 0 0 1 0-6.600Z',
  triangle: 'M5 .8 9.500 9h-9L5 .8Z',
  square: 'M1.500 1.500h7v7h-7v-7Z',
  diamond: 'M5 .8 9.200 5 5 9.200.8 5 5 .8Z',
  bars: 'M1.800 1.500h2.200v7H1.800v-7Zm4.200 0h2.200v7H6v-7Z',
  cross: 'm2 2 6 6m0-6L2 8',
};
const OUTLINED: ReadonlySet<Shape> = new Set(['ring', 'half', 'cross', 'diamond']);

/** The shape of a state by itself; whoever uses it says the word beside it. */
export function StateShape({ shape, tone, size = 10 }: { shape: Shape; tone: Tone; size?: number }) {
  const outlined = OUTLINED.has(shape);
  return (
    <svg className={`${classes.shape} tone-${tone}`} width={size} height={size} viewBox="0 0 10 10" aria-hidden="true">
      {shape === 'half' && <path d="M5 1a4 4 0 0 0 0 8V1Z" fill="currentColor" />}
      <path
        d={PATHS[shape]}
        fill={outlined ? 'none' : 'currentColor'}
        stroke={outlined ? 'currentColor' : 'none'}
        strokeWidth="1.400"
        strokeLinecap="round"
      />
    </svg>
  );
}

interface Props {
  topic: Topic;
  state: string;
  /** With a background, for the head of a page. */
  pill?: boolean;
}

/** A state in the one vocabulary: word, shape, colour. */
export function StateBadge({ topic, state, pill }: Props) {
  const { t } = useI18n();
  const known = stateOf(topic, state);
  const tone = known?.tone ?? 'off';
  return (
    <span className={`${classes.badge} tone-${tone} ${pill ? classes.pill : ''}`} data-tone={tone}>
      <StateShape shape={known?.shape ?? 'ring'} tone={tone} />
      {known ? t(known.word) : state.replaceAll('_', ' ')}
    </span>
  );
}
