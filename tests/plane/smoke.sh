#!/bin/sh
# Brings a plane up, uses what its readers rely on, and takes it down again.
# Usage: tests/plane/smoke.sh [BINARY]. Needs nothing but the binary and sh.
#
# Every wait is for a condition; the limit of a wait only ends a failed test.
set -u

plane=${1:-$(dirname "$0")/../../build/plane/plane}
work=$(mktemp -d)
dir=$work/plane
up=
failures=0

say() { echo "smoke: $*"; }

finish() {
    if [ -n "$up" ] && kill -0 "$up" 2>/dev/null; then
        kill -TERM "$up"
        wait "$up"
    fi
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# check DESCRIPTION GOT WANTED
check() {
    if [ "$2" = "$3" ]; then
        say "ok    $1"
    else
        say "FAIL  $1: got '$2', wanted '$3'"
        failures=$((failures + 1))
    fi
}

# until_true DESCRIPTION COMMAND...: runs the command until it succeeds.
until_true() {
    description=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 300 ]; then
            check "$description" "not within the limit" "so"
            return 1
        fi
        sleep 0.1
    done
    say "ok    $description"
}

kubectl() { "$plane" kubectl --dir "$dir" "$@"; }
field() { kubectl get "$1" -o "jsonpath={$2}"; }
equals() { [ "$(field "$1" "$2")" = "$3" ]; }
not_empty() { [ -n "$(field "$1" "$2")" ]; }
component_pid() { sed -n "/\"$1\": {/,/}/s/.*\"pid\": \([0-9]*\),/\1/p" "$dir/plane.json"; }
in_state() { [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat")" = "$2" ]; }

replicas_left() { [ "$(kubectl get pods -l app=web -o name | wc -l)" = "$1" ]; }

# exec_code POD COMMAND...: the exit code of the command.
exec_code() {
    pod=$1
    shift
    kubectl exec "$pod" -- "$@" >"$work/out" 2>"$work/err"
    echo $?
}

wait_up() {
    until [ -s "$work/ready" ]; do
        if ! kill -0 "$up" 2>/dev/null; then
            cat "$work/up.err"
            say "FAIL  the plane did not come up"
            exit 1
        fi
        sleep 0.05
    done
}

start_plane() {
    : >"$work/ready"
    "$plane" up --dir "$dir" --nodes 2 >"$work/ready" 2>"$work/up.err" &
    up=$!
    wait_up
    say "up: $(cat "$work/ready")"
}

test_pods() {
    kubectl create deployment web --image=none --replicas=5 >/dev/null
    until_true "five replicas are ready" equals deploy/web .status.readyReplicas 5
    check "the pods stand on both nodes" \
        "$(kubectl get pods -o 'jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}' | sort -u | wc -l)" 2
    web=$(field pods '.items[0].metadata.name')
    field "pod/$web" '.status.containerStatuses[0].containerID' | grep -Eq '^containerd://[0-9a-f]{64}$'
    check "the container ID looks like a runtime's" $? 0
}

test_exec() {
    check "exit code 0" "$(exec_code "$web" sh -c 'echo out; echo err >&2')" 0
    check "stdout apart" "$(cat "$work/out")" out
    check "stderr apart" "$(cat "$work/err")" err
    check "exit code 7" "$(exec_code "$web" sh -c 'exit 7')" 7
    # shellcheck disable=SC2016 # expanded by the inner shell
    check "a signal is 128 + n" "$(exec_code "$web" sh -c 'kill -9 $$')" 137
    check "a command that is not there" "$(exec_code "$web" no-such-command)" 1
    # shellcheck disable=SC2016 # the text is literal
    check "the runtime's words for it" \
        "$(grep -c 'executable file not found in $PATH' "$work/err")" 1
    check "a command that env does not find" "$(exec_code "$web" env A=1 no-such-command)" 127
    check "stdin and its end" "$(echo hello | kubectl exec -i "$web" -- cat)" hello
    check "no such container" "$(kubectl exec "$web" -c other -- true 2>&1 | grep -c 'container')" 1
    check "the run's identity" "$(exec_code "$web" env PODCRON_RUN_ID=r1 PODCRON_ATTEMPT=2 podcron-exit 3)" 3
    check "the ledger has its start" "$(grep -c '"event":"start".*"run_id":"r1","attempt":"2"' "$dir/ledger.jsonl")" 1
    check "the ledger has its end" "$(grep -c '"event":"end".*"run_id":"r1".*"exit_code":3' "$dir/ledger.jsonl")" 1
    check "flood" "$(kubectl exec "$web" -- podcron-flood 100000 | wc -c)" 100000
}

# annotate POD NAME=VALUE: and wait until the node knows.
annotate() {
    kubectl annotate --overwrite "pod/$1" "plane.podcron.dev/$2" >/dev/null
    "$plane" sync --dir "$dir" "default/$1"
}

test_faults() {
    annotate "$web" exec=refuse
    check "refuse" "$(exec_code "$web" podcron-noop)" 1
    annotate "$web" exec=false-success
    check "false-success" "$(exec_code "$web" env PODCRON_RUN_ID=never podcron-noop)" 0
    check "false-success ran nothing" "$(grep '"run_id":"never"' "$dir/ledger.jsonl" | grep -vc '"event":"fault"')" 0
    annotate "$web" exec=start-error,times=1
    check "start-error, once" "$(exec_code "$web" podcron-noop)" 1
    check "and then no more" "$(exec_code "$web" podcron-noop)" 0
    annotate "$web" exec=cut-before-status
    exec_code "$web" env PODCRON_RUN_ID=cut podcron-noop >/dev/null
    check "cut-before-status has run" "$(grep -c '"event":"end".*"run_id":"cut"' "$dir/ledger.jsonl")" 1
    annotate "$web" exec-
    annotate "$web" ready=false
    until_true "ready=false" equals "pod/$web" '.status.conditions[?(@.type=="Ready")].status' False
    annotate "$web" ready-
    until_true "ready again" equals "pod/$web" '.status.conditions[?(@.type=="Ready")].status' True
    old=$(field "pod/$web" '.status.containerStatuses[0].containerID')
    annotate "$web" restart=OOMKilled:1
    until_true "restart" equals "pod/$web" '.status.containerStatuses[0].restartCount' 1
    [ "$(field "pod/$web" '.status.containerStatuses[0].containerID')" != "$old" ]
    check "a new container ID" $? 0
    check "the reason" "$(field "pod/$web" '.status.containerStatuses[0].lastState.terminated.reason')" OOMKilled
}

test_processes() {
    kubectl create job ok --image=none -- sh -c 'echo done; exit 0' >/dev/null
    until_true "a Job completes" equals job/ok .status.succeeded 1
    check "its log" "$(kubectl logs job/ok)" "done"
    kubectl create job bad --image=none -- sh -c 'exit 3' >/dev/null
    until_true "a failing Job fails" equals job/bad .status.failed 1
    kubectl delete job bad >/dev/null
    kubectl run sleeper --image=none --command -- sh -c 'sleep 86399 & wait' >/dev/null
    until_true "a process runs" equals pod/sleeper .status.phase Running
    kubectl delete pod sleeper --grace-period=1 >/dev/null
    check "its children end with it" "$(pgrep -cf 'sleep 86399')" 0
}

test_debug_copy() {
    kubectl debug "$web" --copy-to=copy --set-image='*=other' >/dev/null 2>&1
    # It keeps the labels, so the ReplicaSet adopts it and removes one pod.
    until_true "the surplus pod is gone" replicas_left 5
    web=$(kubectl get pods -l app=web -o 'jsonpath={.items[0].metadata.name}')
    kubectl debug "$web" --image=none --container=shell >/dev/null 2>&1
    until_true "an ephemeral container runs" \
        not_empty "pod/$web" '.status.ephemeralContainerStatuses[0].state.running.startedAt'
}

test_account() {
    kubectl create serviceaccount limited >/dev/null
    "$plane" kubeconfig --dir "$dir" --serviceaccount default/limited --output "$work/limited"
    check "a service account's own kubeconfig" \
        "$("$plane" kubectl --kubeconfig "$work/limited" auth whoami -o 'jsonpath={.status.userInfo.username}')" \
        system:serviceaccount:default:limited
    "$plane" kubectl --kubeconfig "$work/limited" get pods >/dev/null 2>&1
    check "it may not read pods" $? 1
}

test_components() {
    for name in etcd kube-apiserver kube-controller-manager node; do
        old=$(component_pid "$name")
        "$plane" stop --dir "$dir" "$name"
        until_true "$name is stopped" in_state "$old" T
        "$plane" cont --dir "$dir" "$name"
        "$plane" wait --dir "$dir" --for ready
        check "$name goes on" $? 0
        "$plane" kill --dir "$dir" "$name"
        kill -0 "$old" 2>/dev/null
        check "$name is gone after kill" $? 1
        "$plane" restart --dir "$dir" "$name"
        "$plane" wait --dir "$dir" --for ready
        check "$name comes back" $? 0
    done
    check "exec after all that" "$(exec_code "$web" sh -c 'exit 5')" 5
    before=$(kubectl get pods -l app=web -o name | wc -l)
    kubectl scale deploy/web --replicas=$((before + 1)) >/dev/null
    until_true "the controllers work again" equals deploy/web .status.readyReplicas $((before + 1))
}

test_down() {
    kubectl run stray --image=none --command -- sh -c 'setsid sleep 86398' >/dev/null
    until_true "a process with a session of its own" pgrep -f 'sleep 86398'
    children=$(for name in etcd kube-apiserver kube-controller-manager node; do component_pid "$name"; done)
    kill -TERM "$up"
    wait "$up"
    check "exit code of up" $? 0
    up=
    left=0
    for pid in $children; do
        kill -0 "$pid" 2>/dev/null && left=$((left + 1))
    done
    check "components left after down" "$left" 0
    check "pod processes left after down" "$(pgrep -cf 'sleep 86398')" 0
}

test_parent_killed() {
    start_plane
    kubectl get pod stray >/dev/null
    check "the data are still there" $? 0
    until_true "its process runs again" pgrep -f 'sleep 86398'
    children=$(for name in etcd kube-apiserver kube-controller-manager node; do component_pid "$name"; done)
    "$plane" stop --dir "$dir" node
    kill -KILL "$up"
    wait "$up" 2>/dev/null
    up=
    for pid in $children; do
        until_true "process $pid dies with its parent" sh -c "! kill -0 $pid"
    done
    until_true "and the pods' processes" sh -c "! pgrep -f 'sleep 8639[8]'"
}

start_plane
test_pods
test_exec
test_faults
test_processes
test_debug_copy
test_account
test_components
test_down
test_parent_killed
if [ "$failures" -ne 0 ]; then
    say "$failures failures"
    exit 1
fi
say "all passed"
