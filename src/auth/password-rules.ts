/** Code points. NIST SP 800-63B-4 §3.1.1.2 asks for at least 8, or 15 where a password stands alone. */
const SHORTEST_PASSWORD = 12;
/** UTF-8 bytes: whoever logs in chooses the length, and all of it is hashed. */
export const LONGEST_PASSWORD_BYTES = 1024;

/** Words that lists of leaked passwords are full of. What a password has beside them is no more than decoration. */
const COMMON_WORDS =
  'abc|account|admin|administrator|adobe|alpha|amanda|andrew|angel|apple|asdf|asdfgh|asdfghjkl|asdfjkl|ashley|autumn|azerty|baby|' +
  'bailey|banana|baseball|basketball|batman|biteme|buster|charlie|chelsea|chocolate|computer|correcthorsebatterystaple|daniel|' +
  'default|donald|dragon|dubsmash|family|ferrari|flower|football|forever|freedom|friend|fuckyou|george|ginger|google|guest|' +
  'hannah|harley|hello|hockey|hottie|hunter|iloveyou|internet|jennifer|jessica|jesus|jordan|joshua|killer|letmein|linkedin|' +
  'liverpool|login|london|love|loveme|lovely|maggie|manager|master|matrix|matthew|merlin|michael|michelle|monkey|mustang|' +
  'mynoob|naruto|nicole|ninja|nothing|october|operator|orange|pass|passw|passwd|passwort|password|patrick|pepper|please|pokemon|' +
  'princess|provchain|provchainorg|purple|qazwsx|qazwsxedc|qwaszx|qwer|qwert|qwerty|qwertyuiop|qwertz|ranger|robert|root|' +
  'samantha|samsung|secret|secure|server|service|shadow|snoopy|soccer|spiderman|spring|starwars|summer|sunday|sunshine|' +
  'superman|superuser|sysadmin|system|taylor|temp|temporary|test|tester|testing|thomas|thunder|tigger|trustno|tyler|user|' +
  'username|validator|viewer|welcome|whatever|william|winter|yankees|zaq|zaqwsx|zxcvb|zxcvbn|zxcvbnm|changeme|changethis|' +
  'changeit|change|me|my|the|new|this|is|it|now|your|first|one';

const COMMON = new RegExp(`^(?:${COMMON_WORDS})+$`);

/** How letters are replaced when somebody is asked for digits and signs. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/**
 * Why a password is refused, or undefined when it is taken: too short or too long, the name, one repeated or counted-up
 * pattern, or made of words that everybody tries first ("Password-2024!" is "password"). Nothing is asked for in the
 * way of digits and signs: such rules make passwords harder to remember, not to guess (NIST SP 800-63B-4 §3.1.1.2).
 */
export function passwordProblem(password: string, userName: string): string | undefined {
  const text = normalizePassword(password);
  if (/\p{Surrogate}/u.test(text)) return 'the password is not well-formed Unicode';
  if (/\p{Cc}/u.test(text)) return 'the password holds a control character';
  if ([...text].length < SHORTEST_PASSWORD) {
    return `the password is shorter than ${SHORTEST_PASSWORD} characters`;
  }
  if (Buffer.byteLength(text) > LONGEST_PASSWORD_BYTES) {
    return `the password is longer than ${LONGEST_PASSWORD_BYTES} bytes`;
  }
  const plain = text.toLowerCase();
  const name = userName.toLowerCase();
  const withoutName = plain.replaceAll(name, '').replaceAll(name.split('@')[0] ?? name, '');
  if ([...withoutName].length < SHORTEST_PASSWORD / 2) return 'the password is little more than the name';
  if (isPattern(plain)) return 'the password is a simple pattern';
  if (isCommon(plain)) return 'the password is one of those that are tried first';
  return undefined;
}

/** One text for what looks alike on two keyboards (NFKC, as NIST SP 800-63B-4 §3.1.1.2 and RFC 8265 have it). */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC');
}

/** Few different characters, one part over and over, or each character the next (or the one before) of the last. */
function isPattern(text: string): boolean {
  const points = [...text].map((character) => character.codePointAt(0) ?? 0);
  if (new Set(points).size < 5) return true;
  if (/^(.{1,6})\1+.{0,5}$/u.test(text)) return true;
  const steps = points.slice(1).filter((point, i) => {
    const step = Math.abs(point - (points[i] ?? 0));
    return step <= 1 || step === 9;
  });
  return steps.length >= (points.length - 1) * 0.8;
}

function isCommon(text: string): boolean {
  // Digits at the ends are a year or a count, in the middle they stand for letters.
  const core = text.replace(/^[^a-z]+|[^a-z]+$/g, '');
  const replaced = [...core].map((character) => LOOKALIKES[character] ?? character).join('');
  return [core, replaced].some((variant) => {
    const letters = variant.replace(/[^a-z]+/g, '');
    // What is left of a passphrase in another script says nothing.
    return letters.length >= 3 && !/[^\p{ASCII}]/u.test(variant) && COMMON.test(letters);
  });
}
