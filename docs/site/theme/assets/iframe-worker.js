// The search runs in a worker, and browsers start no worker from a file:// page. There, a hidden
// frame runs the worker's script. Pages that come from a server keep the browser's own Worker.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      document.body.append(this.frame)
      const scope = this.frame.contentWindow
      scope.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      this.started = new Promise(started => {
        const script = scope.document.createElement("script")
        script.src = url
        script.onload = () => started(scope)
        scope.document.head.append(script)
      })
    }

    postMessage(data) {
      this.started.then(scope => scope.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.frame.remove()
    }
  }
}
