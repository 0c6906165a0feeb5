import { LEVELS } from '../validation/index.js';
import { amount, flag, oneOf, section, setting, whole } from './setting.js';

/** A year. */
const LONGEST_CYCLE_HOURS = 8760;

const scrub = section(
  'The scrub reads every block again and validates it at level Full, slice after slice, without anybody asking.',
  {
    enabled: setting(flag().default(false), { meaning: 'run the scrub' }),
    full_cycle_hours: setting(amount(0.001, LONGEST_CYCLE_HOURS).default(168), {
      meaning: 'every block is validated at least once in so long',
      unit: 'h',
    }),
    quiet_start_hour: setting(whole(0, 23).optional(), {
      meaning: 'hour at which the quiet hours begin, UTC; no slice runs in them',
      otherwise: 'no quiet hours',
    }),
    quiet_end_hour: setting(whole(0, 23).optional(), {
      meaning: 'hour at which they end, UTC; before the first one: on the next day',
      otherwise: 'no quiet hours',
    }),
    slice_blocks: setting(whole(1, 10_000_000).optional(), {
      meaning: 'blocks of one slice, rounded up to whole cells of the integrity map',
      unit: 'blocks',
      otherwise: 'one cell of the integrity map',
    }),
  },
);

export const backgroundMonitoring = section('Validations on a schedule, and what is remembered of all.', {
  enabled: setting(flag().default(true), {
    meaning: 'validate the chain at every interval; results of others are remembered either way',
  }),
  interval_seconds: setting(whole(1, 86_400).default(300), {
    meaning: 'one round per replica and interval, however many nodes see it',
    unit: 's',
  }),
  validation_level: setting(oneOf(LEVELS).default('Standard'), { meaning: 'level of the rounds' }),
  scrub,
});
