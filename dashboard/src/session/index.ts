export { allows, enter, leave, session, startSession, useSession } from './session.js';
