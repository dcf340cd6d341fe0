// How components reach the state: one context, set by App.
import { getContext, setContext } from 'svelte';
import type { Form } from './form.svelte';
import type { Studio } from './studio.svelte';

const STUDIO = Symbol('studio');
const FORM = Symbol('form');

export const provideStudio = (studio: Studio) => setContext(STUDIO, studio);
export const useStudio = () => getContext<Studio>(STUDIO);
export const provideForm = (form: Form) => setContext(FORM, form);
export const useForm = () => getContext<Form>(FORM);
