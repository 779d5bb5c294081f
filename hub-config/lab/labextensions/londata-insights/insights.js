// The button "Publish" of notebooks, and the command of the same name in the palette.
//
// Lab loads this file as it is; nothing is built. It asks a few questions, saves the notebook, and has a kernel of its
// own call `londata.publish` with the answers: what may be done is what the person may do, and nothing is put into the
// notebook. It holds no token. Whatever comes back is shown as text.
'use strict';

(() => {
  const ID = 'londata-insights';
  const COMMAND = 'londata:publish';
  const TITLE = 'Publish this notebook as an insight';
  const RESULT = 'londata-published:';
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" ' +
    'd="M12 3l5 5-1.4 1.4L13 6.8V16h-2V6.8L8.4 9.4 7 8zM5 14v5h14v-5h2v7H3v-7z"/></svg>';
  const AUDIENCES = [
    ['', ''],
    ['me', 'Me alone'],
    ['hub', 'Everybody at the hub'],
    ['public', 'Everybody, without a log-in'],
    ['named', 'Those whom I name below']
  ];

  // What nobody has to choose: of what was published from this notebook before, and of what is new.
  const AS_IT_IS = 'Those who may open it now';
  const AT_FIRST = 'If it is new, me or my project; else as it is now';
  const FORMS = [
    ['app', 'An app'],
    ['report', 'A report'],
    ['model', 'A model'],
    ['visualisation', 'A visualisation']
  ];
  const LICENCES = [
    ['not stated', 'Not stated'],
    ['ogl-3', 'Open Government Licence v3.0'],
    ['cc-by-4', 'Creative Commons Attribution 4.0'],
    ['cc-by-sa-4', 'Creative Commons Attribution-ShareAlike 4.0'],
    ['cc-by-nc-4', 'Creative Commons Attribution-NonCommercial 4.0'],
    ['cc0-1', 'Creative Commons Zero 1.0'],
    ['odbl-1', 'Open Database License 1.0'],
    ['odc-by-1', 'Open Data Commons Attribution 1.0'],
    ['public-domain', 'Public domain'],
    ['mit', 'MIT License'],
    ['bsd-3-clause', 'BSD 3-Clause License'],
    ['all-rights-reserved', 'All rights reserved']
  ];
  const STARTS = [
    ['shared', 'Everybody begins from one run'],
    ['fresh', 'Each has a run of their own']
  ];
  // Who has answered the form before, for a notebook, finds the same words again.
  const ANSWERS = `${ID}:answers:`;
  // Where one is must be seen in every theme; in the one of high contrast Lab's own mark is as white as the borders.
  const FORM = `${ID}-form`;
  const LOOK = `.${FORM} :focus-visible { outline: 3px solid var(--jp-brand-color1) !important; outline-offset: -3px; }`;

  let shared;
  let count = 0;

  async function take(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  function element(tag, fields = {}, ...inside) {
    const made = Object.assign(document.createElement(tag), fields);
    made.append(...inside);
    return made;
  }

  function field(label, control, help) {
    count += 1;
    const id = `${ID}-${count}`;
    Object.assign(control, { id, className: 'jp-mod-styled' });
    control.style.cssText =
      'width: 100%; box-sizing: border-box; margin: 0; min-height: 2em; padding: 4px 8px; line-height: 1.4; ' +
      'font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1);';
    const name = element('label', { htmlFor: id, textContent: label });
    name.style.cssText = 'display: block; font-weight: 600; margin: 10px 0 2px;';
    const parts = [name, control];
    if (help) {
      const said = element('p', { id: `${id}-help`, textContent: help });
      said.style.cssText = 'margin: 2px 0 0; font-size: var(--jp-ui-font-size1);';
      control.setAttribute('aria-describedby', said.id);
      parts.push(said);
    }
    return element('div', {}, ...parts);
  }

  function titleOf(panel) {
    for (const cell of panel.content.model?.cells ?? []) {
      const heading = cell.type === 'markdown' && /^#\s+(.+)$/m.exec(cell.sharedModel.getSource());
      if (heading) return heading[1].trim();
    }
    return panel.title.label.replace(/\.ipynb$/, '');
  }

  // Whether the hub has it, so that it is for somebody already; answers that were kept before that was noted say so.
  function wasTaken(before) {
    return Boolean(before) && before.taken !== false;
  }

  function named(select, value) {
    return [...select.options].some((each) => each.value === value);
  }

  function choice(options) {
    return element('select', {}, ...options.map(([value, text]) => new Option(text, value)));
  }

  function formClass(Widget) {
    return class extends Widget {
      constructor(title, before) {
        super();
        this.node.className = FORM;
        this.node.style.cssText = 'width: min(30rem, 80vw);';
        // Examples stand beside the fields: in one of Lab's themes, what stands in a field looks as if it had been typed.
        const text = (fields) => element('input', { type: 'text', ...fields });
        const long = (fields) => element('textarea', { rows: 2, maxLength: 2000, ...fields });
        this.fields = {
          title: text({ value: title, required: true, maxLength: 300 }),
          audience: choice(AUDIENCES),
          named: text({}),
          public_benefit: long({ required: true }),
          files: text({}),
          summary: text({ maxLength: 500 }),
          method: long({ rows: 3 }),
          limits: long(),
          friction: long(),
          licence: choice(LICENCES),
          form: choice(FORMS),
          project: text({}),
          tags: text({}),
          slug: text({}),
          start: choice(STARTS)
        };
        this.fields.audience.options[0].text = wasTaken(before) ? AS_IT_IS : AT_FIRST;
        for (const [name, control] of Object.entries(this.fields)) {
          if (typeof before?.[name] === 'string' && (control.tagName !== 'SELECT' || named(control, before[name]))) {
            control.value = before[name];
          }
        }
        if (wasTaken(before)) this.fields.audience.value = '';
        const { title: titled, audience, public_benefit, files } = this.fields;
        this.node.append(
          element('style', { textContent: LOOK }),
          field('Title', titled),
          field('Who may open it', audience),
          this.naming(),
          field('Public benefit', public_benefit, 'For whom it is good, in a sentence. Nothing is published without it.'),
          field('Files that go along', files, 'From the folder of the notebook, if it reads any, as data/wards.csv; with commas between.'),
          this.more(),
          element('p', { textContent: 'A snapshot is taken without what earlier runs put out, and is checked by the hub first.' })
        );
      }

      // Asked for only where somebody is to be named.
      naming() {
        const help = 'As org-camden, person:ada, project:school-places; with commas between.';
        const part = field('People and bodies', this.fields.named, help);
        const show = () => {
          part.hidden = this.fields.audience.value !== 'named';
        };
        this.fields.audience.addEventListener('change', show);
        show();
        return part;
      }

      // What readers and stewards want to know, and what is seldom needed: folded away until it is asked for.
      more() {
        const { summary, method, limits, friction, licence, form, project, tags, slug, start } = this.fields;
        this.fold = element('summary', { textContent: 'More: summary, method, limits, licence …' });
        this.fold.style.cssText = 'cursor: pointer; font-weight: 600; padding: 6px 0;';
        this.folded = element(
          'details',
          {},
          this.fold,
          field('Summary', summary, 'What it is, in a sentence.'),
          field('Method', method, 'How its numbers were made, in a paragraph.'),
          field('Limits', limits, 'What it does not show.'),
          field('Friction overcome', friction, 'Which difficulty with data stood in the way.'),
          field('Licence', licence, 'None is assumed.'),
          field('What it is', form),
          field('Project', project, 'For which it reads data that is not open, as school-places; where none is given, that of this notebook.'),
          field('Words to find it by', tags, 'As schools, forecasts; with commas between.'),
          field('Name in the register', slug, 'Made of the title where none is given. Give that of an insight of yours, and this becomes its next version.'),
          field('How viewers begin', start)
        );
        this.folded.style.marginTop = '10px';
        return this.folded;
      }

      // The dialog takes every Enter for its button; on the fold it opens and shuts.
      handleEvent(event) {
        if (event.key !== 'Enter' || event.target !== this.fold) return;
        event.preventDefault();
        event.stopPropagation();
        this.folded.open = !this.folded.open;
      }

      onAfterAttach() {
        // Lab's dialogs are as high as a short form needs.
        this.node.closest('.jp-Dialog-content')?.style.setProperty('max-height', 'min(90vh, 50rem)');
        window.addEventListener('keydown', this, true);
      }

      onBeforeDetach() {
        window.removeEventListener('keydown', this, true);
      }

      // What is remembered for the next time.
      said() {
        return Object.fromEntries(Object.entries(this.fields).map(([name, control]) => [name, control.value.trim()]));
      }

      getValue() {
        const { audience, named, files, tags, project, slug, ...words } = this.said();
        const list = (text) => text.split(',').map((each) => each.trim()).filter(Boolean);
        const audiences = { '': null, me: [], named: list(named) };
        return {
          ...words,
          audience: audience in audiences ? audiences[audience] : [audience],
          files: list(files),
          tags: list(tags),
          project: project || null,
          slug: slug || null
        };
      }
    };
  }

  function progressClass(Widget) {
    return class extends Widget {
      constructor() {
        super();
        this.node.style.cssText = 'width: min(36rem, 80vw); max-height: 60vh; overflow-y: auto;';
        this.status = element('p', { textContent: 'Publishing …' });
        this.status.setAttribute('role', 'status');
        this.findings = element('pre', { tabIndex: 0 });
        this.findings.style.cssText = 'white-space: pre-wrap; font-family: inherit;';
        this.findings.setAttribute('aria-label', 'What was found');
        this.findings.hidden = true;
        this.node.append(this.status, this.findings);
      }

      step(text) {
        this.status.textContent = text;
      }

      end(result) {
        this.status.textContent = result.headline;
        this.findings.textContent = result.text;
        this.findings.hidden = !result.text;
        for (const [address, words] of [[result.address, 'Open it'], [result.page, 'Its page, with versions and releases']]) {
          if (!address?.startsWith('/') || address.startsWith('//')) continue;
          const link = element('a', { href: address, target: '_blank', rel: 'noopener', textContent: words });
          link.style.cssText = 'color: var(--jp-content-link-color); text-decoration: underline; display: block;';
          this.node.insertBefore(link, this.findings);
        }
      }
    };
  }

  // Runs the publishing in a kernel of its own, of the same kind (and so for the same project) as the notebook's.
  async function publish(app, panel, asked, view) {
    const kernels = app.serviceManager.kernels;
    const name = panel.sessionContext.session?.kernel?.name;
    let kernel;
    let rest = '';
    let result;
    const read = (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (line.startsWith(RESULT)) result = JSON.parse(line.slice(RESULT.length));
        else if (line.trim()) view.step(line);
      }
    };
    try {
      kernel = await kernels.startNew(name ? { name } : {});
      const words = JSON.stringify(JSON.stringify(asked)); // JSON twice: a text that Python reads as it is
      const code = `from londata.insights.from_lab import publish\npublish(${words})`;
      const future = kernel.requestExecute({ code, store_history: false });
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === 'stream') read(content.text);
        if (header.msg_type === 'error') result = { headline: 'It was not published.', text: String(content.evalue) };
      };
      await future.done;
    } catch (error) {
      result = { headline: 'It was not published.', text: String(error?.message ?? error) };
    } finally {
      await kernel?.shutdown().catch(() => {});
    }
    const taken = Boolean(result?.page);
    view.end(result ?? { headline: 'It was not published.', text: 'The kernel that was to publish it ended.' });
    return taken; // by the hub, whether it passed its check or not
  }

  async function extension() {
    const parts = ['apputils', 'coreutils', 'notebook', 'statedb', 'ui-components'].map((each) => `@jupyterlab/${each}`);
    const [{ Widget }, { Dialog, showDialog, ICommandPalette, ToolbarButton }, { PageConfig }, { INotebookTracker }, { IStateDB }, { LabIcon }] =
      await Promise.all(['@lumino/widgets', ...parts].map(take));

    function activate(app, notebooks, palette, memory) {
      if (!PageConfig.getOption('hubPrefix')) return; // without a hub there is nowhere to publish to
      const icon = new LabIcon({ name: 'londata:publish', svgstr: ICON });
      const Form = formClass(Widget);
      const Progress = progressClass(Widget);

      async function ask(panel) {
        const path = app.serviceManager.contents.localPath(panel.context.path);
        const before = await memory?.fetch(ANSWERS + path).catch(() => undefined);
        const form = new Form(titleOf(panel), before);
        const answer = await showDialog({
          title: TITLE,
          body: form,
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Publish' })],
          focusNodeSelector: 'input'
        });
        if (!answer.button.accept) return;
        // Kept at once, too: what the hub refuses is answered again, and nothing of it is written twice.
        const keep = async (taken) => memory?.save(ANSWERS + path, { ...form.said(), taken });
        await keep(wasTaken(before)).catch(() => {});
        await panel.context.save();
        const view = new Progress();
        const shown = showDialog({ title: `Publish: ${answer.value.title}`, body: view, buttons: [Dialog.okButton({ label: 'Close' })] });
        const done = publish(app, panel, { path, ...answer.value }, view).then((taken) => taken && keep(true));
        await Promise.all([done, shown]);
      }

      app.commands.addCommand(COMMAND, {
        label: TITLE,
        caption: 'Others open it as an app; the register lists it with the data it rests on',
        icon,
        isEnabled: () => notebooks.currentWidget !== null,
        execute: () => notebooks.currentWidget && ask(notebooks.currentWidget)
      });
      palette?.addItem({ command: COMMAND, category: 'londata' });
      app.docRegistry.addWidgetExtension('Notebook', {
        createNew: (panel) => {
          const button = new ToolbarButton({ icon, label: 'Publish', tooltip: TITLE, onClick: () => ask(panel) });
          panel.toolbar.insertItem(9, 'londata-publish', button);
          return button;
        }
      });
    }

    return { id: `${ID}:plugin`, autoStart: true, requires: [INotebookTracker], optional: [ICommandPalette, IStateDB], activate };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[ID] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    }
  };
})();
