import { render } from 'preact';
import { App } from './app.js';
import { applyTheme, storedTheme } from './frame/index.js';
import { startSession } from './session/index.js';

applyTheme(storedTheme());
const root = document.getElementById('app')!;
void startSession();
root.textContent = '';
render(<App />, root);
