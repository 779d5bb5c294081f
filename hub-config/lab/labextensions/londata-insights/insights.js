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
    ['', 'As before; at first me, or my project'],
    ['me', 'Me alone'],
    ['hub', 'Everybody at the hub'],
    ['public', 'Everybody, without a log-in'],
    ['named', 'Those whom I name below']
  ];

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
    control.style.cssText = 'width: 100%; box-sizing: border-box; min-height: 2em;';
    const name = element('label', { htmlFor: id, textContent: label });
    name.style.cssText = 'display: block; font-weight: 600; margin-top: 10px;';
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

  function formClass(Widget) {
    return class extends Widget {
      constructor(title) {
        super();
        this.node.style.cssText = 'width: min(30rem, 80vw);';
        this.titled = element('input', { type: 'text', value: title, required: true, maxLength: 300 });
        this.audience = element('select', {}, ...AUDIENCES.map(([value, text]) => new Option(text, value)));
        this.named = element('input', { type: 'text', placeholder: 'org-camden, person:ada' });
        this.benefit = element('textarea', { rows: 2, maxLength: 2000, required: true });
        this.files = element('input', { type: 'text', placeholder: 'data/wards.csv' });
        this.node.append(
          field('Title', this.titled),
          field('Who may open it', this.audience),
          this.naming(),
          field('Public benefit', this.benefit, 'For whom it is good, in a sentence.'),
          field('Files that go along', this.files, 'From the folder of the notebook, if it reads any; with commas between.'),
          element('p', { textContent: 'A snapshot is taken without what earlier runs put out, and is checked by the hub first.' })
        );
      }

      // Asked for only where somebody is to be named.
      naming() {
        const part = field('People and bodies', this.named, 'org-camden, person:ada, project:school-places; with commas between.');
        const show = () => {
          part.hidden = this.audience.value !== 'named';
        };
        this.audience.addEventListener('change', show);
        show();
        return part;
      }

      getValue() {
        const list = (text) => text.split(',').map((each) => each.trim()).filter(Boolean);
        const chosen = this.audience.value;
        const audiences = { '': null, me: [], named: list(this.named.value) };
        return {
          title: this.titled.value.trim(),
          audience: chosen in audiences ? audiences[chosen] : [chosen],
          public_benefit: this.benefit.value.trim(),
          files: list(this.files.value)
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
    view.end(result ?? { headline: 'It was not published.', text: 'The kernel that was to publish it ended.' });
  }

  async function extension() {
    const [{ Widget }, { PageConfig }, { LabIcon }, { Dialog, showDialog, ICommandPalette, ToolbarButton }, { INotebookTracker }] =
      await Promise.all(
        ['@lumino/widgets', '@jupyterlab/coreutils', '@jupyterlab/ui-components', '@jupyterlab/apputils', '@jupyterlab/notebook'].map(take)
      );

    function activate(app, notebooks, palette) {
      if (!PageConfig.getOption('hubPrefix')) return; // without a hub there is nowhere to publish to
      const icon = new LabIcon({ name: 'londata:publish', svgstr: ICON });
      const Form = formClass(Widget);
      const Progress = progressClass(Widget);

      async function ask(panel) {
        const answer = await showDialog({
          title: TITLE,
          body: new Form(titleOf(panel)),
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Publish' })],
          focusNodeSelector: 'input'
        });
        if (!answer.button.accept) return;
        await panel.context.save();
        const path = app.serviceManager.contents.localPath(panel.context.path);
        const view = new Progress();
        const shown = showDialog({ title: `Publish: ${answer.value.title}`, body: view, buttons: [Dialog.okButton({ label: 'Close' })] });
        await Promise.all([publish(app, panel, { path, ...answer.value }, view), shown]);
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

    return { id: `${ID}:plugin`, autoStart: true, requires: [INotebookTracker], optional: [ICommandPalette], activate };
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
