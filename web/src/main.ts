import './styles/fonts.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import { mount } from 'svelte';
import { Client } from './api/client';
import App from './App.svelte';
import { sessionId, storedToken } from './state/drafts';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target, props: { client: new Client(sessionId(), storedToken()) } });
