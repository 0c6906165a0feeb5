export { hrefOf, type Place, parsePlace, wholeNumber } from './place.js';
export { changeQuery, goTo, usePlace } from './use-place.js';
