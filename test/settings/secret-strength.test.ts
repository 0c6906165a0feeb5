// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { secretProblem } from '../../src/settings/index.js';

describe('secretProblem', () => {
  it.each([
    ['your-secure-jwt-secret-key-here', /31 bytes/],
    ['your-secure-jwt-secret-key-here!!', /placeholder/],
    ['YOUR_SECURE_JWT_SECRET_KEY_HERE_PLEASE', /placeholder/],
    ['changeme', /8 bytes/],
    ['changeme-changeme-changeme-changeme', /placeholder/],
    ['${JWT_SECRET_KEY}-0987-and-some-more-text', /placeholder/],
    ['', /0 bytes/],
    ['x'.repeat(64), /pattern/],
    ['abcabcabcabcabcabcabcabcabcabcabcabc', /pattern/],
    ['kX9!mQ2#vB7$kX9!mQ2#vB7$kX9!mQ2#vB7$', /pattern/],
    ['0123456789abcdefghijklmnopqrstuvwxyz', /pattern/],
    ['zyxwvutsrqponmlkjihgfedcba9876543210', /pattern/],
    ['ééééééééééééééé', /30 bytes/],
  ])('refuses %j', (secret, why) => {
    expect(secretProblem(secret)).toMatch(why);
  });

  it('takes what a random generator gives, in every usual notation', () => {
    for (let i = 0; i < 300; i++) {
      const bytes = randomBytes(48);
      const secrets = (['hex', 'base64', 'base64url'] as const).map((notation) => bytes.toString(notation));
      for (const secret of secrets) expect(secretProblem(secret), secret).toBeUndefined();
    }
  });

  it('takes a long sentence of words', () => {
    expect(secretProblem('correct horse battery staple on a rainy Tuesday')).toBeUndefined();
  });
});
