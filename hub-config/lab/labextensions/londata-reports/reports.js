// The tab "Reports" in the left side bar of Lab: the hub's pages on reports, in a frame.
//
// Lab loads this file as it is; nothing is built. It hands Lab a module-federation container: `init` receives the
// packages that Lab shares, `get` gives the plugin. It holds no token: who asks, the hub knows by its own cookie.
'use strict';

(() => {
  const ID = 'londata-reports';
  const COMMAND = 'londata:reports';
  const TITLE = 'Reports that run themselves';
  const RUNS_NO_SCRIPT = 'allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads';
  const ICON =
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" ' +
    'd="M5 2h10l5 5v5h-2V8h-4V4H7v16h5v2H5zm4 8h6v2H9zm0 4h3v2H9zm8 0a5 5 0 1 1 0 10 5 5 0 0 1 0-10zm-1 2v4h4v-1.5h-2.5V16z"/></svg>';

  let shared;

  async function take(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  function leavesTheFrame(link, prefix) {
    const at = new URL(link.href);
    const isPage = at.origin === window.location.origin && at.pathname.startsWith(prefix);
    return !isPage || at.pathname.startsWith(`${prefix}shelf/`);
  }

  function button(words, act) {
    const made = document.createElement('button');
    made.className = 'jp-mod-styled jp-mod-minimal';
    made.textContent = words;
    made.onclick = act;
    return made;
  }

  function panelClass(Widget, prefix) {
    return class extends Widget {
      constructor() {
        super();
        this.id = ID;
        this.node.style.cssText = 'display: flex; flex-direction: column; min-width: 320px;';
        this.node.setAttribute('role', 'region');
        this.node.setAttribute('aria-label', 'Reports');
        this.said = document.createElement('p');
        this.said.setAttribute('role', 'status');
        this.said.style.cssText = 'margin: 0; padding: 0 8px;';
        this.node.append(this.ways(), this.said);
      }

      ways() {
        const made = document.createElement('div');
        made.style.cssText = 'display: flex; flex-wrap: wrap; gap: 8px; padding: 8px; align-items: center;';
        const whole = document.createElement('a');
        Object.assign(whole, { href: prefix, target: '_blank', rel: 'noopener', textContent: 'Open in a browser tab' });
        whole.style.cssText = 'color: var(--jp-content-link-color); text-decoration: underline;';
        made.append(button('Show again', () => this.load()), whole);
        return made;
      }

      // Nothing is asked of the hub before somebody looks.
      onAfterShow() {
        if (!this.frame) this.load();
      }

      onAfterAttach() {
        if (this.isVisible) this.onAfterShow();
      }

      onActivateRequest() {
        this.frame?.focus();
      }

      load() {
        const page = this.frame?.contentDocument;
        const frame = document.createElement('iframe');
        frame.title = TITLE;
        frame.setAttribute('sandbox', RUNS_NO_SCRIPT);
        frame.style.cssText = 'flex: 1; border: 0; background: #fff;';
        frame.src = page ? page.location.pathname : prefix;
        frame.onload = () => this.loaded(frame);
        this.said.textContent = 'The hub is asked …';
        this.frame?.remove();
        this.node.append(frame);
        this.frame = frame;
      }

      loaded(frame) {
        const page = frame.contentDocument; // none where the browser refused to show what came, as the log-in
        this.said.textContent = page
          ? ''
          : 'The hub does not show its page here; you may be logged out. Log in again by opening it in a browser tab.';
        frame.hidden = !page;
        for (const link of page ? page.querySelectorAll('a[href]') : []) {
          if (leavesTheFrame(link, prefix)) {
            Object.assign(link, { target: '_blank', rel: 'noopener', title: 'Opens in a new tab' });
          }
        }
      }
    };
  }

  async function extension() {
    const [{ Widget }, { PageConfig }, { LabIcon }, { ICommandPalette }, { ILauncher }, { ILayoutRestorer }] =
      await Promise.all(
        [
          '@lumino/widgets',
          '@jupyterlab/coreutils',
          '@jupyterlab/ui-components',
          '@jupyterlab/apputils',
          '@jupyterlab/launcher',
          '@jupyterlab/application'
        ].map(take)
      );

    function activate(app, palette, launcher, restorer) {
      const hub = PageConfig.getOption('hubPrefix');
      if (!hub) return; // a Lab without a hub has no reports that run themselves
      const icon = new LabIcon({ name: 'londata:reports', svgstr: ICON });
      const Panel = panelClass(Widget, hub.replace(/hub\/?$/, 'services/reports/'));
      const panel = new Panel();
      panel.title.icon = icon;
      panel.title.label = 'Reports\u00a0\u00a0'; // turned on its side its end would touch the icon
      panel.title.caption = TITLE;
      app.shell.add(panel, 'left', { rank: 300 });
      restorer?.add(panel, ID);
      app.commands.addCommand(COMMAND, {
        label: TITLE,
        caption: 'Next runs, last results and logs',
        icon,
        execute: () => app.shell.activateById(ID)
      });
      palette?.addItem({ command: COMMAND, category: 'londata' });
      launcher?.add({ command: COMMAND, category: 'londata' });
    }

    return { id: `${ID}:plugin`, autoStart: true, optional: [ICommandPalette, ILauncher, ILayoutRestorer], activate };
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
