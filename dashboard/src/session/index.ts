export { allows, enter, leave, type Session, session, startSession, useSession } from './session.js';
export { bearer } from './tokens.js';
