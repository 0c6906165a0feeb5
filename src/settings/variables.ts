import { dotted, type Origins, type SettingsProblem } from './problem.js';
import { isTable, leavesOf, putIn, type Tree, valueIn } from './tree.js';

/** Variables of the environment that work where the file says nothing. */
export const ENVIRONMENT = {
  JWT_SECRET_KEY: ['security', 'authentication', 'jwt_secret_key'],
  INSTANCE_ID: ['deployment', 'environment', 'instance_id'],
  REDIS_URL: ['redis', 'url'],
  REDIS_SHARED_SECRET: ['redis', 'shared_secret'],
  PROVCHAIN_EMAIL_PASSWORD: ['integrity', 'alerting', 'email', 'password'],
} as const satisfies Record<string, readonly string[]>;

/** Puts the variables above into the tree. An empty variable is the same as none. */
export function addEnvironment(tree: Tree, env: NodeJS.ProcessEnv, origins: Origins): void {
  for (const [name, path] of Object.entries(ENVIRONMENT)) {
    const value = env[name];
    if (value === undefined || value === '' || valueIn(tree, path) !== undefined) continue;
    if (putIn(tree, path, value)) origins.replace(path, `environment variable ${name}`);
  }
}

/**
 * Replaces `${NAME}` in every string by the variable of that name, and `$${` by `${`. It works on parsed values, so a
 * variable can hold any text without becoming TOML. A value with a problem is left as it is.
 */
export function interpolate(
  tree: Tree,
  env: NodeJS.ProcessEnv,
  origins: Origins,
): { readonly problems: readonly SettingsProblem[]; readonly failed: readonly string[][] } {
  const problems: SettingsProblem[] = [];
  const failed: string[][] = [];
  const replace = (value: unknown, path: (string | number)[], leaf: string[]): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => replace(item, [...path, i], leaf));
    if (isTable(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, replace(inner, [...path, name], leaf)]),
      );
    }
    if (typeof value !== 'string') return value;
    const { text, wrong } = replaceVariables(value, env);
    if (wrong.length === 0) return text;
    failed.push(leaf);
    for (const what of wrong) {
      problems.push({
        path: dotted(path),
        message: `${dotted(path)}: ${what}`,
        place: origins.value(path),
      });
    }
    return value;
  };
  for (const [path, value] of [...leavesOf(tree)]) putIn(tree, path, replace(value, path, path));
  return { problems, failed };
}

function replaceVariables(value: string, env: NodeJS.ProcessEnv): { text: string; wrong: string[] } {
  const wrong: string[] = [];
  const text = value.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (whole, name: string | undefined, end: string) => {
    if (whole === '$${') return '${';
    if (name === undefined || end === '' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      wrong.push(`"\${" is not followed by the name of a variable and "}"; write "$\${" for the characters`);
      return whole;
    }
    const variable = Object.hasOwn(env, name) ? env[name] : undefined;
    if (variable === undefined) wrong.push(`the environment variable ${name} is not set`);
    return variable ?? whole;
  });
  return { text, wrong };
}
