export { hrefOf, type Place, wholeNumber } from './place.js';
export { changeQuery, goTo, usePlace } from './use-place.js';
