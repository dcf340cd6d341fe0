"""One optimisation step, replayed as a CUDA graph: small networks are otherwise bound by launches on the CPU.

Measured on an H100 with the autoencoder: 0.15 s per step without graphs, nearly independent of the batch size.
"""
import torch


class GraphStep:
    """Runs objective(*inputs) -> (loss, {name: scalar}), backward, clipping and the optimizer.

    On the CPU (or with use_graph=False) everything runs eagerly. On a GPU the first call with new input shapes records
    a graph; later calls copy their inputs and replay it. Call `reset` after freezing parameters.
    """

    def __init__(self, objective, parameters, rate, betas, weight_decay, clip, device, use_graph=True):
        self.objective, self.parameters, self.clip = objective, list(parameters), clip
        self.use_graph = use_graph and device == "cuda"
        extra = {"fused": True, "capturable": True} if self.use_graph else {}
        start = torch.tensor(rate, device=device) if self.use_graph else rate
        self.optimizer = torch.optim.AdamW(self.parameters, lr=start, betas=betas, weight_decay=weight_decay, **extra)
        self.reset()

    def reset(self):
        self.recorded = {}          # input shapes -> (graph, static inputs, results)
        self.optimizer.zero_grad(set_to_none=True)

    def set_rate(self, rate):
        for group in self.optimizer.param_groups:
            if torch.is_tensor(group["lr"]):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _work(self, inputs):
        loss, parts = self.objective(*inputs)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_([p for p in self.parameters if p.grad is not None], self.clip)
        self.optimizer.step()
        return {name: value.detach() for name, value in dict(parts, loss=loss, norm=norm).items()}

    def __call__(self, *inputs):
        """Named scalars of the step; on the GPU they are overwritten by the next call."""
        if not self.use_graph:
            self.optimizer.zero_grad(set_to_none=True)
            return self._work(inputs)
        shapes = tuple(tuple(value.shape) for value in inputs)
        if shapes not in self.recorded:
            self.recorded[shapes] = self._record(inputs)
            return self.recorded[shapes][2]
        graph, statics, result = self.recorded[shapes]
        for static, value in zip(statics, inputs):
            static.copy_(value, non_blocking=True)
        graph.replay()
        return result

    def _record(self, inputs):
        """Three real steps on a side stream warm up kernels and allocations, then the graph is captured."""
        statics = [value.clone() for value in inputs]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.optimizer.zero_grad(set_to_none=True)
                self._work(statics)
        torch.cuda.current_stream().wait_stream(stream)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._work(statics)
        graph.replay()
        return graph, statics, result
