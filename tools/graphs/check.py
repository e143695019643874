"""Checks graphs with the onnx package: `python tools/graphs/check.py FOLDER`, after `tsx tools/graphs/write.ts FOLDER`.

Checks three things for every graph: onnx.checker accepts it; strict inference of types and shapes succeeds
(`full_check=True`), with ONNX Runtime's contributed operators, which onnx does not know, replaced by standard ones of
the same shapes; and with the input sizes of one run, the output shapes are the expected ones. Weights become inputs, so
nothing is loaded.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import onnx
from onnx import TensorProto, checker, helper, shape_inference


def weights_to_inputs(graph):
    external = [tensor for tensor in graph.initializer if tensor.data_location == TensorProto.EXTERNAL]
    for tensor in external:
        graph.initializer.remove(tensor)
        graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return len(external)


def standard(node):
    """A standard operator that gives the same shapes."""
    if node.op_type in ("QuickGelu", "GroupNorm", "MultiHeadAttention"):
        return helper.make_node("Identity", [node.input[0]], list(node.output), name=node.name)
    if node.op_type == "BiasSplitGelu":
        outputs = [node.output[0], f"{node.output[0]}/other"]
        return helper.make_node("Split", [node.input[0]], outputs, name=node.name, axis=-1, num_outputs=2)
    raise ValueError(f"no stand-in for {node.op_type}")


def shape_of(value):
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in value.type.tensor_type.shape.dim]


def check(path, dims, outputs):
    model = onnx.load(path, load_external_data=False)
    weights = weights_to_inputs(model.graph)
    checker.check_model(model)

    foreign = Counter(node.op_type for node in model.graph.node if node.domain)
    nodes = [standard(node) if node.domain else node for node in model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    checker.check_model(model, full_check=True)

    for value in model.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.dim_value = dims[dim.dim_param]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found = {value.name: shape_of(value) for value in inferred.graph.output}
    if found != outputs:
        raise ValueError(f"{path.name}: {found}, where {outputs} must come out")
    return weights, len(nodes), foreign


def main(folder):
    graphs = json.loads((folder / "graphs.json").read_text())
    print(f"onnx {onnx.__version__}")
    for entry in graphs:
        weights, nodes, foreign = check(folder / entry["file"], entry["dims"], entry["outputs"])
        print(f"{entry['file']}: {nodes} nodes, {weights} weights, {dict(foreign)}", flush=True)
    print(f"{len(graphs)} graphs are sound")


main(Path(sys.argv[1]))
