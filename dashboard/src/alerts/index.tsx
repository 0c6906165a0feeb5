export { AlertView } from './alert.js';
export { Alerts } from './alerts.js';
