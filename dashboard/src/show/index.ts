export { Bar, progressText } from './bar.js';
export { Card, Facts, ViewHead } from './card.js';
export { CopyButton, Curl, Hash } from './copy.js';
export {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatRange,
  formatShort,
  shortHash,
} from './format.js';
export { Icon, type IconName } from './icon.js';
export { Modal } from './modal.js';
export { Announcer, Empty, Loading, Problem, say, Unavailable } from './notice.js';
export { Scroll } from './scroll.js';
export { JobStatus, Status, StatusMark } from './status.js';
export { Ago } from './time.js';
