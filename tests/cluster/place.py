# SPDX-License-Identifier: Apache-2.0
"""A namespace to run in, as its users have it: data on a claim, a run file, and the programs with the
kubeconfigs of the users launcher and looker."""
import harness

KINDS = "statefulsets,jobs,services,configmaps,secrets,persistentvolumeclaims"


class Place:
    def __init__(self, cluster, runner, namespace, image):
        self.cluster, self.runner, self.namespace, self.image = cluster, runner, namespace, image

    # What an administrator gives, and does

    def give_data(self, folder):
        """The claim "data"."""
        self.cluster.make_volume(self.namespace, "data", folder)

    def give_ledger(self, name):
        """A volume for the claim that the run's StatefulSet will make."""
        folder = self.cluster.run / "ledgers" / self.namespace / name
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        self.cluster.apply({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": f"{self.namespace}-ledger-{name}"},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
                     "capacity": {"storage": "10Gi"}, "hostPath": {"path": str(folder)},
                     "claimRef": {"namespace": self.namespace, "name": f"ledger-{name}-0"}}})

    def allow_pods(self, number):
        """No more pods than so many in the namespace; None takes the bound away."""
        if number is None:
            self.cluster.kubectl("delete", "resourcequota", "pods", f"--namespace={self.namespace}")
        else:
            self.cluster.apply({"apiVersion": "v1", "kind": "ResourceQuota",
                                "metadata": {"name": "pods"},
                                "spec": {"hard": {"pods": str(number)}}}, namespace=self.namespace)

    def suspend(self, job, yes):
        self.cluster.kubectl("patch", "job", job, f"--namespace={self.namespace}",
                             f'--patch={{"spec": {{"suspend": {str(yes).lower()}}}}}')

    # What a user writes and types

    def write_run(self, name, run, **workers):
        """NAME.yaml, whose files are on the claim; the run can also be launched on this machine."""
        section = {
            "image": self.image, "image_pull_policy": "Never", "folder": "/data",
            "volumes": [{"name": "data", "mountPath": "/data",
                         "persistentVolumeClaim": {"claimName": "data"}}],
            "workers": {"requests": {"cpu": "50m", "memory": "128Mi"},
                        "limits": {"cpu": "1", "memory": "512Mi"}, "max_pods": 2, **workers},
            "scheduler": {"requests": {"cpu": "50m", "memory": "128Mi"}}}
        return harness.write_run(self.runner.folder / f"{name}.yaml",
                                 {**run, "kubernetes": section})

    def start(self, *words, user="launcher", kubeconfig=None):
        return self.runner.start("picobarn", *words, env={
            "KUBECONFIG": str(kubeconfig or self.cluster.kubeconfig(user))})

    def picobarn(self, *words, **more):
        return self.start(*words, **more).wait()

    def start_launch(self, run_file, *options, **more):
        return self.start("launch", run_file, "--on", "k8s", "--namespace", self.namespace,
                          *options, **more)

    def launch(self, run_file, *options, **more):
        return self.start_launch(run_file, *options, **more).wait()

    def called(self, name):
        """A run, as commands name it."""
        return f"k8s:{self.namespace}/{name}"

    def status(self, name):
        return self.picobarn("status", self.called(name), "-o", "json").json()

    def wait_for_scheduler(self, name, user="launcher"):
        """Commands reach it only a moment after it has begun to work."""
        harness.wait_until(lambda: self.picobarn(
            "status", self.called(name), user=user).status != harness.TROUBLE,
            f"the scheduler of {name}")

    # What is there

    def get(self, *words):
        return self.cluster.get(*words, f"--namespace={self.namespace}")

    def objects(self):
        """(kind, name) -> version of all that launches and schedulers made; pods, which come and go,
        belong to these."""
        made = "app.kubernetes.io/name=picobarn,app.kubernetes.io/managed-by=picobarn"
        claims = "app.kubernetes.io/name=picobarn,app.kubernetes.io/component=scheduler"
        return {(o["kind"], o["metadata"]["name"]): o["metadata"]["resourceVersion"]
                for o in (self.get(KINDS, f"--selector={made}") +
                          self.get("persistentvolumeclaims", f"--selector={claims}"))}

    def wait_for_job(self, name, what=lambda job: True):
        """The Job, when there is one of that name and something is true of it."""
        def look():
            found = [j for j in self.get("jobs") if j["metadata"]["name"] == name and what(j)]
            return found[0] if found else None
        return harness.wait_until(look, f"Job {name}", step=0.2)

    def processes(self, component, *words):
        """Of the namespace's scheduler or workers, on the machine: (pod, process id)."""
        return [(pod["metadata"]["name"], pid)
                for pod in self.cluster.pods(self.namespace,
                                             f"app.kubernetes.io/component={component}")
                for pid in self.cluster.processes(pod, *words)]
